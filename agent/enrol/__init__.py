"""The gateway's certificate: got with the claim code, renewed in time, and what became of it.

`step` does one step and needs the library `cryptography`; it runs in a process of its own, which
`keeper` starts, so that the running gateway need not carry the library. `state` is pure.
"""

from agent.enrol.keeper import Keeper
from agent.enrol.settings import EnrolSettings, Kind, Outcome
from agent.enrol.state import IdentityState, Standing, identity_state

__all__ = [
    "EnrolSettings",
    "IdentityState",
    "Keeper",
    "Kind",
    "Outcome",
    "Standing",
    "identity_state",
]
