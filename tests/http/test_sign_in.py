"""Signing in, from the request to the row and back."""

from datetime import timedelta

from tests.world import World


def test_a_new_person_who_agrees_to_all_that_is_required_gets_an_account_and_a_session(world: World) -> None:
    ana = world.person()
    reply = ana.sign_in()
    assert (reply.status, reply.body["is_new_user"], reply.body["user"]["email"]) == (200, True, ana.email)
    assert reply.body["expires_in"] == 900
    assert reply.body["refresh_expires_in"] == 604800


def test_a_known_person_signs_in_again_and_their_earlier_session_on_that_device_ends(world: World) -> None:
    ana = world.person()
    ana.sign_in()
    earlier, person = ana.access_token, ana.user_id
    reply = ana.sign_in()
    assert (reply.status, reply.body["is_new_user"], ana.user_id) == (200, False, person)
    assert world.call("GET", "/sessions", token=earlier).code == "session_revoked"


def test_the_exact_retry_of_a_sign_in_answers_the_same_session(world: World) -> None:
    ana = world.person()
    token = ana.id_token()
    first, again = ana.sign_in(token).body, ana.sign_in(token).body
    assert first["refresh_token"] == again["refresh_token"]
    assert (again["is_new_user"], again["session"]["id"]) == (True, first["session"]["id"])
    world.clock.advance(timedelta(seconds=61))
    assert ana.sign_in(token).code == "id_token_used"


def test_the_lost_answer_of_a_refresh_is_answered_again_and_reuse_ends_the_session(world: World) -> None:
    ana = world.person()
    ana.sign_in()
    first = ana.refresh_token
    successor = ana.refresh().body["refresh_token"]
    assert ana.refresh(first).body["refresh_token"] == successor
    assert ana.refresh(successor).status == 200
    assert ana.refresh(first).code == "refresh_token_reused"
    assert ana.get("/sessions").code == "session_revoked"
