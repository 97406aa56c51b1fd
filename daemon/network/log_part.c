#include "network/log_part.h"

static const char *const code_rate_names[] = {
	[CR_UNDEFINED] = "CR_UNDEFINED", [CR_4_5] = "CR_4_5", [CR_4_6] = "CR_4_6", [CR_4_7] = "CR_4_7",
	[CR_4_8] = "CR_4_8", [CR_3_8] = "CR_3_8", [CR_2_6] = "CR_2_6", [CR_1_4] = "CR_1_4", [CR_1_6] = "CR_1_6",
	[CR_5_6] = "CR_5_6", [CR_LI_4_5] = "CR_LI_4_5", [CR_LI_4_6] = "CR_LI_4_6", [CR_LI_4_8] = "CR_LI_4_8",
};

void put_modulation(struct text_buf *t, const struct radio *radio, bool down)
{
	switch (radio->modulation) {
	case MOD_LORA:
		LITERAL(t, "{\"lora\":{\"bandwidth\":");
		text_put_u64(t, radio->bandwidth_hz);
		LITERAL(t, ",\"spreadingFactor\":");
		text_put_u64(t, radio->sf);
		if (radio->code_rate != CR_UNDEFINED) {
			LITERAL(t, ",\"codeRate\":\"");
			text_puts(t, code_rate_names[radio->code_rate]);
			text_putc(t, '"');
		}
		if (down)
			LITERAL(t, ",\"polarizationInversion\":true");
		LITERAL(t, "}}");
		break;
	case MOD_FSK:
		LITERAL(t, "{\"fsk\":{");
		if (down) {
			LITERAL(t, "\"frequencyDeviation\":");
			text_put_u64(t, radio->bit_rate / 2);
			text_putc(t, ',');
		}
		LITERAL(t, "\"datarate\":");
		text_put_u64(t, radio->bit_rate);
		LITERAL(t, "}}");
		break;
	case MOD_LR_FHSS:
		LITERAL(t, "{\"lrFhss\":{\"operatingChannelWidth\":");
		text_put_u64(t, radio->bandwidth_hz);
		LITERAL(t, ",\"codeRate\":\"");
		text_puts(t, code_rate_names[radio->code_rate]);
		text_putc(t, '"');
		if (radio->grid_steps) {
			LITERAL(t, ",\"gridSteps\":");
			text_put_u64(t, radio->grid_steps);
		}
		LITERAL(t, "}}");
		break;
	}
}
