"""lorawan_channels.py - the channels of an end device, and what ChMask and ChMaskCntl do to them."""
from lorawan_mac import order

BANK_MASK_SINCE = '1.0.3'   # ChMaskCntl 5 of 72-channel plans: RP001-1.0.3


class Channel:
    def __init__(self, freq_hz, rates, down_hz=None):
        self.freq_hz, self.rates, self.down_hz = freq_hz, list(rates), down_hz or freq_hz


# What ChMaskCntl means, per number of channels of a fixed plan: first channel of the block a mask is for; True or
# False: all on or off; (on or off, first): all 125 kHz channels so, and the mask for the channels from `first`.
FIXED = {
    72: {0: 0, 1: 16, 2: 32, 3: 48, 4: 64, 5: 'banks', 6: (True, 64), 7: (False, 64)},
    96: {0: 0, 1: 16, 2: 32, 3: 48, 4: 64, 5: 80, 6: True},
    64: {0: 0, 1: 16, 2: 32, 3: 48, 6: True, 7: False},
    48: {0: 0, 1: 16, 2: 32, 3: True, 4: False},
}


class Channels:
    """Defined channels (index -> Channel) and the set of those that are on."""

    def __init__(self, region, version='1.0.4'):
        self.region, self.version = region, version
        if region.plan == 'dynamic':
            self.defined = {i: Channel(f, region.default_rates) for i, f in enumerate(region.default_channels)}
            self.n_default = len(self.defined)
        else:
            self.defined = {i: Channel(region.uplink_hz(i), region.channel_rates(i)) for i in range(region.n_channels)}
            self.n_default = region.n_channels
        self.enabled = set(self.defined)

    def take_cf_list(self, accept):
        """After a join accept. A type the plan does not take is ignored, as devices do."""
        if not accept.cf_list:
            return
        if self.region.plan == 'dynamic' and accept.cf_list[15] == 0:
            for i, freq_hz in enumerate(accept.cf_list_frequencies(self.region.unit_hz)):
                if freq_hz:
                    self.define(self.n_default + i, freq_hz, range(0, 6))
        elif self.region.plan == 'fixed' and accept.cf_list[15] == 1:
            self.enabled = {c for c in accept.cf_list_channels() if c in self.defined}

    def define(self, index, freq_hz, rates):
        self.defined[index] = Channel(freq_hz, rates)
        self.enabled.add(index)

    def remove(self, index):
        self.defined.pop(index, None)
        self.enabled.discard(index)

    def index_of(self, freq_hz, dr):
        """Channel of a transmission; of overlapping ones the first that takes the rate."""
        found = [i for i, c in sorted(self.defined.items()) if c.freq_hz == freq_hz]
        fitting = [i for i in found if dr in self.defined[i].rates]
        return (fitting or found or [0])[0]

    def after_mask(self, enabled, ch_mask, cntl):
        """The set after one mask, or None when the device must refuse it."""
        bits = {i for i in range(16) if ch_mask >> i & 1}
        if self.region.plan == 'dynamic':
            if cntl == 6:
                return set(self.defined)
            return bits if cntl == 0 and bits <= set(self.defined) else None
        rule = FIXED[self.region.n_channels].get(cntl)
        if rule is None or (rule == 'banks' and order(self.version) < order(BANK_MASK_SINCE)):
            return None
        if rule is True or rule is False:
            return set(self.defined) if rule else set()
        if rule == 'banks':
            return {c for b in bits if b < 8 for c in [*range(8 * b, 8 * b + 8), 64 + b]}
        if isinstance(rule, tuple):
            on, first = rule
            return (set(range(first)) if on else set()) | {first + b for b in bits if first + b in self.defined}
        width = 8 if self.region.n_channels == 72 and rule == 64 else 16
        return {c for c in enabled if not rule <= c < rule + 16} | {rule + b for b in bits if b < width}

    def rates_of(self, enabled):
        return {r for i in enabled if i in self.defined for r in self.defined[i].rates}
