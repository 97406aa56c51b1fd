/* entities.h - ids of the rows of entities.c. */
#ifndef LS_MODEL_ENTITIES_H
#define LS_MODEL_ENTITIES_H

enum entity_id {
	E_NONE = -1,
	E_TENANT,
	E_APPLICATION,
	E_PROFILE,
	E_GATEWAY,
	E_UNKNOWN_GATEWAY,
	E_DEVICE,
	E_DEVICE_KEYS,
	E_DEVICE_SESSION,
	E_QUEUE_ITEM,
	E_EVENT,
	E_FRAME,
	E__COUNT
};

#endif
