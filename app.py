"""The Lambda entry: one app, its routes, and every function that is not HTTP."""

from chalicelib import wiring
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount

app = Api(app_name="serenya-auth")
mount(app, ROUTES, wiring.services)
