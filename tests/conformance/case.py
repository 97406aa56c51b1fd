"""case.py - the table of conformance cases: number, what it claims, in which versions it can occur, and its test.

    @case('U6', 'a jump over the limit is refused', na={'1.1': 'why it cannot occur there'})
    def over_the_limit(w):
        \"\"\"Decisions taken where the standard is ambiguous.\"\"\"

The test gets a World of one version. `own=True`: a daemon of its own, to be killed at will.
"""
import sys

import lorawan as lw

BEFORE_1_0_4 = lw.VERSIONS[:4]
FROM_1_0_4 = lw.VERSIONS[4:]
NOT_1_1 = lw.VERSIONS[:5]
CASES = {}


class Case:
    def __init__(self, number, claim, test, na, own, slow):
        self.number, self.claim, self.test, self.na, self.own, self.slow = number, claim, test, na, own, slow


def not_in(versions, reason):
    """n.a. for these versions."""
    return {v: reason for v in versions}


def case(number, claim, na=None, own=False, slow=False):
    def register(test):
        if number in CASES:
            sys.exit('case %s is there twice' % number)
        CASES[number] = Case(number, claim, test, na or {}, own, slow)
        return test
    return register


def order_of(number):
    return 'UDJGR'.index(number[0]), int(number[1:])
