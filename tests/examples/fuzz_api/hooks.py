"""What schemathesis cannot read from the document, and one check of our own."""

import hashlib
import hmac
import os
import re
import time
import uuid

import schemathesis

# A body can be as the document says and still be refused for what it means: `validation_failed` with one of these.
# Whatever else is refused so, the document should have said.
MEANINGS = [
    # ids and names of what is not there, or not any more
    r"^names (no|neither) ",
    r"^is not one of ours$",  # a cursor
    r"^(must be an|is no) IANA time zone$",
    r"^must be a Message-ID, with an @$",
    r" is not a lexicon pack$",
    # one member against another, or against the clock
    r"^must (not )?be in the future$",
    r"^must lie between 1990 and tomorrow$",
    r"^must not be before from$",
    r"^must be at most 371 days before to$",
    r"^is needed",
    r"^must be longer than every reopen window$",
    r"^must not be (below|shorter than) ",
    r"^must be later than from$",
    r"^is for the purpose reply$",
    r"^must differ from ",
    r"^must be later than calendar.opens$",
    r"^is not the conversation's lead$",
    r"^must name the agent, as the key belongs to none$",
    r"^leads have no state$",
    # JSON Schema counts characters
    r"^must have at most \d+ bytes$",
    # to JSON Schema 1.0 is an integer
    r"^invalid type: floating point ",
]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """It passes over `format` beside a list of types: for it, each type stands alone."""
    pending = [raw_schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            types = node.get("type")
            if isinstance(types, list) and "format" in node:
                del node["type"]
                shape = {name: node.pop(name) for name in list(node) if name != "description"}
                node["anyOf"] = [{"type": one, **(shape if one != "null" else {})} for one in types]
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Signs webhooks, so that what stands behind the signature is reached, and uses no key twice."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    key = case.headers.get("Idempotency-Key") if positive and case.headers else None
    if key and re.fullmatch(r"[!#-~]{1,200}", str(key)):
        case.headers["Idempotency-Key"] = f"{key}-{uuid.uuid4()}"
    if not case.path.startswith("/api/webhooks/") or not isinstance(case.body, dict):
        return
    timestamp, token = str(int(time.time())), uuid.uuid4().hex + uuid.uuid4().hex[:18]
    secret = os.environ["CONVO_SIGNING_KEY"].encode()
    digest = hmac.new(secret, (timestamp + token).encode(), hashlib.sha256).hexdigest()
    fields = {"timestamp": timestamp, "token": token, "signature": digest}
    if case.path.endswith("/events"):
        case.body["signature"] = fields
    else:
        case.body.update(fields)


@schemathesis.check
def refused_for_its_meaning(ctx, response, case):
    """A request that is as documented is refused as not valid for one of the MEANINGS only."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    problem = response.json()
    if problem["code"] != "validation_failed":
        return
    for violation in problem["violations"]:
        if not any(re.search(meaning, violation["message"]) for meaning in MEANINGS):
            raise AssertionError(f"{violation['field'] or 'the body'} {violation['message']}: the document does not say so")
