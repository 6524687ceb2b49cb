"""Hypothesis strategies of whole configurations as the services take them."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st

from tracker.manifest.shape import (
    ClientMappingShape,
    ClientShape,
    CrmShape,
    FieldShape,
    FormShape,
    Manifest,
    MappingShape,
    WebhookShape,
)

# No surrogates, which are no text; the rest of Unicode may stand in a name.
_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"])
names = st.text(_CHARACTERS, min_size=1, max_size=20).map(str.strip).filter(bool)
ids = st.uuids(version=4).map(str)
_SELECTORS = st.from_regex(r"#[a-z]{1,8}|\[name=\"[a-z]{1,8}\"\]", fullmatch=True)
_SLUGS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(_CHARACTERS, max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_SLUGS, inner, max_size=3),
    max_leaves=5,
)
# A null in an object means "not there" to services that merge (RFC 7396).
documents = st.dictionaries(_SLUGS, json_values.filter(lambda value: "None" not in repr(value)), max_size=3)
_TRANSFORMS = st.none() | st.sampled_from(
    ["trim", "trim|e164:US", r"map:yes=true;no=\;", "default:n/a #1", "truncate:80|title", r"join:\s|split:,;-1"]
)
_MAPPINGS = st.none() | st.builds(
    lambda entity, target, transform, required: (
        MappingShape(to=f"{entity}.{target}", transform=transform, required=required)
        if transform or required
        else f"{entity}.{target}"
    ),
    _SLUGS,
    _SLUGS,
    _TRANSFORMS,
    st.booleans(),
)
_CLIENT_MAPPINGS = st.builds(
    ClientMappingShape,
    id=ids,
    source=st.sampled_from(["utmSource", "=Web form", "=yes", "fields.shoe size", "attribution.last.gclid"]),
    to=st.builds("{}.{}".format, _SLUGS, _SLUGS),
    transform=_TRANSFORMS,
    required=st.booleans(),
)
_FIELDS = st.builds(
    FieldShape,
    name=names,
    selector=_SELECTORS,
    type=st.sampled_from(["text", "email", "tel", "select"]),
    label=st.none() | names,
    required=st.booleans(),
    validation=documents,
    mapping=_MAPPINGS,
)
_FORMS = st.builds(
    FormShape,
    id=ids,
    name=names,
    page=_SLUGS.map("https://example.com/{}".format),
    selector=_SELECTORS,
    alternatives=st.lists(_SELECTORS, max_size=2, unique=True).map(tuple),
    active=st.booleans(),
    metadata=documents,
    fields=st.lists(_FIELDS, max_size=4, unique_by=lambda field: field.name).map(tuple),
)
_WEBHOOKS = st.builds(
    WebhookShape,
    id=ids,
    url=_SLUGS.map("https://hooks.example.com/{}".format),
    description=st.none() | names,
    events=st.lists(st.sampled_from(["lead.created", "lead.updated"]), unique=True, max_size=2).map(tuple),
    active=st.booleans(),
)
_ACCOUNTS = st.builds(
    CrmShape,
    id=ids,
    adapter=st.sampled_from(["salesforce", "http"]),
    active=st.booleans(),
    settings=documents,
    credentials=st.dictionaries(_SLUGS, st.just("${TRACKER_TEST_CREDENTIAL}"), min_size=1, max_size=2),
)


def _unique(shapes: st.SearchStrategy[tuple[ClientShape, ...]]) -> st.SearchStrategy[tuple[ClientShape, ...]]:
    def differ(clients: tuple[ClientShape, ...]) -> bool:
        found = [client.id for client in clients]
        for client in clients:
            found += [
                one.id for part in (client.forms, client.mappings, client.webhooks, client.crm) for one in part or ()
            ]
        return len(found) == len(set(found))

    return shapes.filter(differ)


clients = st.builds(
    ClientShape,
    id=ids,
    domain=_SLUGS.map("{}.example.com".format),
    name=names,
    active=st.booleans(),
    origins=st.lists(_SLUGS.map("https://{}.example.org".format), max_size=2, unique=True).map(tuple),
    retention_days=st.none() | st.integers(1, 3000),
    config=st.sampled_from([{}, {"features": {"chat": True}}, {"consent": {"mode": "optin"}, "debug": True}]),
    settings=st.sampled_from([{}, {"requireOrigin": True}]),
    forms=st.lists(_FORMS, max_size=3).map(tuple),
    mappings=st.lists(_CLIENT_MAPPINGS, max_size=3, unique_by=lambda one: (one.source, one.to)).map(tuple),
    webhooks=st.lists(_WEBHOOKS, max_size=2).map(tuple),
    crm=st.lists(_ACCOUNTS, max_size=2).map(tuple),
)
manifests = st.builds(
    Manifest,
    version=st.just(1),
    clients=_unique(st.lists(clients, max_size=3, unique_by=lambda client: client.domain).map(tuple)),
)
NO_ID = str(UUID(int=0))
