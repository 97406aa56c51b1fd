"""lorawan.py - LoRaWAN as an end device has it, 1.0.0 to 1.0.4 and 1.1, written from the standard and sharing nothing
with the server.

A Device builds join requests and uplinks, opens join accepts and downlinks, carries out MAC commands, and is strict
where a careless server would slip: a downlink counter may never come twice in a session, whatever happened to the
server in between, and a JoinNonce must grow. This file gathers what its parts offer.
"""
from lorawan_channels import Channel, Channels
from lorawan_class_b import (Beacon, beacon_time, gps_ms, hopping_channel, is_slot, next_slot_ms, ping_nb, ping_offset,
                             slots_ms)
from lorawan_crypto import (DOWN, UP, Violation, aes_decrypt, aes_encrypt, b0, b1, cmac, crc16, crypt_f_opts,
                            crypt_payload, data_mic, f_opts_block, js_keys, mc_ke_key, mc_root_key, mc_session_keys,
                            require, reverse_hex, session_keys, session_keys_11, show, up_mic_11)
from lorawan_device import Device
from lorawan_device_mac import DeviceMac, link_adr_form
from lorawan_frame import (CONFIRMED_DOWN, CONFIRMED_UP, JOIN_ACCEPT, JOIN_REQUEST, MAX_FCNT_GAP, PROPRIETARY, REJOIN,
                           UNCONFIRMED_DOWN, UNCONFIRMED_UP, JoinAccept, cf_list_type0, cf_list_type1, data_frame,
                           data_frame_11, dev_addr_prefix, f_ctrl_down, f_ctrl_up, full_f_cnt, join_accept, join_request,
                           rejoin_request)
from lorawan_mac import (DOWNLINK, MAC_DOWN_LENGTH, UPLINK, VERSIONS, decode, encode, mac_commands_down,
                         mac_device_time_req, mac_link_check_req, order)
from lorawan_region import DATA_REGIONS, EU868, REGIONS, REQUIRED_SNR, US915, link_margin
from lorawan_session import Downlink, MulticastSession, Session
