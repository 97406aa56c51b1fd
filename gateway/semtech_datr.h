/* semtech_datr.h - modu, datr and codr of an rxpk, which only together say how a frame was modulated. */
#ifndef LS_GATEWAY_SEMTECH_DATR_H
#define LS_GATEWAY_SEMTECH_DATR_H

#include "gateway/json_scan.h"
#include "lorawan/region.h"

/*
 * `grid_steps` is hpw, of LR-FHSS only. Values that are missing are SCAN_NONE. LS_EFORMAT: an unknown modu, or a datr
 * that does not fit it.
 */
int semtech_datr_read(const struct scan_value *modu, const struct scan_value *datr, const struct scan_value *codr,
                      uint8_t grid_steps, struct radio *out);

#endif
