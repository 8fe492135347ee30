"""Apps on the web: who may read answers, and what HEAD and OPTIONS say. Nothing by default."""

import pytest
from chalice.deploy.swagger import TemplatedSwaggerGenerator

from app import app
from chalicelib.routes.all import ROUTES
from chalicelib.routes.cors import EXPOSED_HEADERS, gateway_headers
from chalicelib.routes.route import public
from tests.http.small_api import SmallApi, SmallServices
from tests.world import World

ORIGIN = "https://app.example.com"
OTHER = "https://evil.example"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
PATHS = sorted({route.path for route in ROUTES})


def small(*origins: str) -> SmallApi:
    return SmallApi(SmallServices(cors_origins=origins))


def allowed(headers: object) -> dict[str, str]:
    assert isinstance(headers, dict)
    return {name: value for name, value in headers.items() if name.startswith("Access-Control-")}


def test_by_default_no_answer_speaks_of_origins() -> None:
    api = small()
    for method, path in (("GET", "/pets"), ("OPTIONS", "/pets"), ("PUT", "/pets"), ("GET", "/nowhere")):
        got = api.call(method, path, headers=PREFLIGHT)
        assert allowed(got.headers) == {}
        assert "Origin" not in got.headers.get("Vary", "")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/pets", 200), ("POST", "/pets", 400), ("PUT", "/pets", 405), ("GET", "/nowhere", 404)],
)
def test_an_app_of_the_origins_reads_every_answer_errors_too(method: str, path: str, status: int) -> None:
    got = small(ORIGIN, "capacitor://localhost").call(method, path, headers={"Origin": ORIGIN})
    assert got.status == status
    assert allowed(got.headers) == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
    }
    assert got.headers["Vary"].split(", ")[-1] == "Origin"


@pytest.mark.parametrize(
    "origin", [OTHER, "null", "", ORIGIN + ".evil.example", ORIGIN + "/", ORIGIN.upper()]
)
def test_an_app_of_another_origin_reads_nothing(origin: str) -> None:
    api = small(ORIGIN)
    for method in ("GET", "OPTIONS"):
        got = api.call(method, "/pets", headers=PREFLIGHT | {"Origin": origin})
        assert "Access-Control-Allow-Origin" not in got.headers
        assert "Origin" in got.headers["Vary"]
    assert "Origin" in api.call("GET", "/pets").headers["Vary"]  # so that no cache hands one to the other


def test_any_origin_reads_where_that_is_set_and_credentials_are_never_allowed() -> None:
    got = small("*").call("GET", "/pets", headers={"Origin": OTHER})
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert got.headers["Vary"] == "Accept-Language"
    assert "Access-Control-Allow-Credentials" not in got.headers


def test_a_public_document_varies_by_language_and_origin() -> None:
    first = small(ORIGIN).call("GET", "/pets", headers={"Origin": ORIGIN})
    assert first.headers["Vary"] == "Accept-Language, Origin"
    again = small(ORIGIN).call(
        "GET", "/pets", headers={"Origin": ORIGIN, "If-None-Match": first.headers["ETag"]}
    )
    assert (again.status, again.headers["Access-Control-Allow-Origin"]) == (304, ORIGIN)


def test_a_preflight_says_what_an_app_may_send_and_asks_nobody() -> None:
    api = small(ORIGIN)
    got = api.call("OPTIONS", "/pets", headers=PREFLIGHT)
    assert (got.status, got.text, api.services.calls) == (204, "", [])
    assert got.headers["Allow"] == got.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    sent = {"authorization", "content-type", "dpop", "x-device-id", "x-device-platform", "x-app-version"}
    assert sent <= set(got.headers["Access-Control-Allow-Headers"].lower().split(", "))
    assert got.headers["Access-Control-Max-Age"] == "7200"
    assert {"Origin", "Access-Control-Request-Method"} <= set(got.headers["Vary"].split(", "))


def test_options_without_an_origin_names_the_methods() -> None:
    got = small().call("OPTIONS", "/pets/{pet_id}")
    assert (got.status, got.headers["Allow"], got.text) == (204, "GET, OPTIONS", "")


def test_a_container_that_cannot_be_wired_still_answers() -> None:
    def provide() -> SmallServices:
        raise OSError("no settings")

    api = SmallApi(provide=provide)
    assert api.call("OPTIONS", "/pets", headers=PREFLIGHT).status == 204
    assert api.call("GET", "/pets", headers={"Origin": ORIGIN}).status == 500


def test_head_is_get_without_a_body() -> None:
    api = small()
    got, head = api.call("GET", "/pets"), api.call("HEAD", "/pets")
    assert (head.status, head.headers, head.text) == (200, got.headers, "")
    assert api.call("HEAD", "/pets/{pet_id}").status == 405
    assert api.call("HEAD", "/pets", headers={"If-None-Match": got.headers["ETag"]}).status == 304


@pytest.mark.parametrize("path", [route.path for route in ROUTES if route.method == "GET"])
def test_head_is_taken_where_anybody_may_read(world: World, path: str) -> None:
    is_public = any(route.access == public for route in ROUTES if (route.method, route.path) == ("GET", path))
    assert is_public == (path.startswith(("/.well-known", "/health")) or path in DOCUMENTS)
    if is_public:
        answer = world.app(world._event("HEAD", path, None, {}), None)
        assert (answer["statusCode"], answer["body"]) == (200, "")


DOCUMENTS = {"/consents/documents", "/openapi.json"}


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_of_every_path_allows_every_method_of_it(world: World, path: str) -> None:
    object.__setattr__(world.services, "cors_origins", (ORIGIN,))
    methods = {route.method for route in ROUTES if route.path == path}
    event = world._event("OPTIONS", path.replace("{", "").replace("}", ""), None, {"origin": ORIGIN})
    for method in methods:
        event["headers"] |= {"access-control-request-method": method}
        answer = world.app(event, None)
        assert answer["statusCode"] == 204
        assert answer["headers"]["Access-Control-Allow-Origin"] == ORIGIN
        assert methods <= set(answer["headers"]["Access-Control-Allow-Methods"].split(", "))


def test_the_deployed_api_has_options_for_every_path_and_head_for_what_anybody_may_read() -> None:
    """What `chalice package` and `chalice deploy` make of the app."""
    made = TemplatedSwaggerGenerator().generate_swagger(app)
    assert set(made["paths"]) == set(PATHS)
    for path, methods in made["paths"].items():
        declared = {method.lower() for route in ROUTES if route.path == path for method in route.methods}
        assert set(methods) == declared | {"options"}
        assert "security" not in methods["options"]
        assert methods["options"]["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    assert "security" in made["paths"]["/oauth/introspect"]["post"]


def test_the_gateways_own_answers_are_the_same_for_everybody() -> None:
    assert gateway_headers(()) == {}
    assert gateway_headers((ORIGIN,))["Access-Control-Allow-Origin"] == ORIGIN
    assert gateway_headers((ORIGIN, "capacitor://localhost"))["Access-Control-Allow-Origin"] == "*"
    assert gateway_headers(("*",))["Access-Control-Expose-Headers"] == ", ".join(EXPOSED_HEADERS)
