"""One step on the way to a certificate that holds: the first one, the next one, or none is due.

Blocking. Needs `cryptography`; what the field does every day comes back as an Outcome.
"""

from __future__ import annotations

from datetime import datetime

from agent import claim, identity
from agent.claim import ClaimError
from agent.enrol.est import Est, EstError
from agent.enrol.settings import EnrolSettings, Kind, Outcome, Service
from agent.identity import IdentityError, Pem
from agent.trust import Trust, floor

USED = "claim.used"
"""Hash of the code our certificate was got with: a code serves once."""


def enrol(settings: EnrolSettings, now: datetime, clock_set: bool, anew: bool = False) -> Outcome:
    """Get the first certificate, or the next from two thirds of the life of the present one.

    `anew` gets a first one by a new claim code although there is one: it was withdrawn, or ended.
    While the clock is not set nothing is renewed, and no date is held against `now`.
    """
    folder = settings.folder
    try:
        identity.settle(folder)
        have = identity.show(folder) if (folder / identity.CERTIFICATE).exists() else None
        if have is None or anew:
            return _first(settings, now, clock_set)
        if not clock_set or now < have.renew_at:
            return Outcome(Kind.NOT_DUE, f"the certificate holds until {have.ends:%Y-%m-%d}")
        return _next(settings, now)
    except EstError as error:
        return error.outcome
    except (IdentityError, ClaimError, OSError) as error:
        return Outcome(Kind.UNUSABLE, str(error))


def _first(settings: EnrolSettings, now: datetime, clock_set: bool) -> Outcome:
    folder, used = settings.folder, settings.folder / USED
    code = claim.read(settings.claim)
    if used.exists() and claim.matches(code, used.read_text("ascii")):
        why = f"the claim code in {settings.claim} was used for the last certificate; get a new one"
        return Outcome(Kind.REFUSED, why)
    trust = Trust(settings.ca, clock_set=clock_set)
    est = Est(Service.parse(settings.url), trust, settings.timeout_s)
    authority = _pem(est.authorities(), settings.url)
    if not (folder / identity.KEY).exists():
        identity.new(folder, settings.gateway)
    else:
        replaces = (folder / identity.CERTIFICATE).exists()
        identity.request(folder, settings.gateway, new_key=replaces)
    given = est.enrol(identity.request_der(folder), settings.gateway, code)
    done = _taken(settings, given, authority, now if clock_set else floor(trust))
    identity.write(used, claim.hashed(code).encode("ascii"), 0o600)
    return done


def _next(settings: EnrolSettings, now: datetime) -> Outcome:
    folder = settings.folder
    trust = Trust(settings.ca, folder / identity.CERTIFICATE, folder / identity.KEY)
    est = Est(Service.parse(settings.url), trust, settings.timeout_s)
    authority = _pem(est.authorities(), settings.url)
    identity.request(folder, settings.gateway, new_key=True)
    return _taken(settings, est.renew(identity.request_der(folder)), authority, now)


def _taken(settings: EnrolSettings, given: bytes, authority: Pem, now: datetime) -> Outcome:
    chain = identity.ours_first(settings.folder, _pem(given, settings.url))
    said = identity.take_over(settings.folder, chain, settings.gateway, authority, now)
    return Outcome(Kind.INSTALLED, f"until {said.ends:%Y-%m-%d}")


def _pem(certificates: bytes, url: str) -> Pem:
    try:
        return Pem(f"the answer of {url}", identity.pem_of_pkcs7(certificates))
    except ValueError as error:
        raise EstError(Kind.UNUSABLE, f"{url} answered no certificates: {error}") from None
