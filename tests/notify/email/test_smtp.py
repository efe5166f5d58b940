"""Mail that is sent to real servers: safe on its way, within a deadline, and nobody left out unsaid."""

import asyncio
import socket
import threading
import time

import pytest

from ci_reporter.errors import DeliveryError, Rejected
from ci_reporter.notify.email.address import Tls
from ci_reporter.system.deadline import Deadline
from tests.conftest import free_port
from tests.notify.email.conftest import OAUTH, PASSWORD, USER, Mailbox
from tests.notify.makers import make_alert

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd counts STARTTLS alone as TLS

ADA, BOB, EVE = "ada@acme.example", "bob@acme.example", "eve@acme.example"


@pytest.fixture
def deadline():
    return Deadline(30)


def not_for_good(caught):
    return not isinstance(caught.value, Rejected)


def test_it_is_sent_by_starttls_with_sign_in(start_server, email, deadline):
    box, port = start_server("starttls", auth=True)
    email(port, username=USER, password=PASSWORD).send(make_alert(), deadline)
    assert (box.tls, box.users) == ([True], [USER])
    assert box.envelopes[0].mail_from == USER


def test_it_is_sent_by_tls_from_the_beginning(start_server, email, deadline):
    box, port = start_server("implicit", auth=True)
    email(port, tls=Tls.IMPLICIT, username=USER, password=PASSWORD).send(make_alert(), deadline)
    assert box.users == [USER]


def test_on_this_machine_a_server_may_do_without_tls(start_server, email, deadline):
    box, port = start_server("none")
    email(port).send(make_alert(), deadline)
    assert box.tls == [False]


def test_elsewhere_it_may_not_unless_somebody_says_so(start_server, email, deadline):
    box, port = start_server("none")
    with pytest.raises(Rejected, match=r"offers no STARTTLS.*\(set CI_REPORTER_EMAIL_TLS to implicit, or to none"):
        email(port, host="0.0.0.0").send(make_alert(), deadline)  # an address that does not say it is this machine
    email(port, host="0.0.0.0", tls=Tls.NONE).send(make_alert(), deadline)
    assert len(box.envelopes) == 1


def test_starttls_that_is_wanted_is_needed_here_too(start_server, email, deadline):
    box, port = start_server("none")
    with pytest.raises(Rejected, match="offers no STARTTLS"):
        email(port, tls=Tls.STARTTLS).send(make_alert(), deadline)
    assert box.envelopes == []


@pytest.mark.parametrize("authority", [None, "other.pem"])
@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_server_nobody_vouches_for_gets_nothing(start_server, email, certificates, deadline, tls, authority):
    box, port = start_server(str(tls), auth=True)
    ca = str(certificates / authority) if authority else None
    with pytest.raises(DeliveryError, match=r"certificate is not trusted: .* \(CI_REPORTER_EMAIL_CA names") as caught:
        email(port, tls=tls, ca=ca, username=USER, password=PASSWORD).send(make_alert(), deadline)
    assert not_for_good(caught)
    assert box.asked == []


def test_a_server_of_another_name_gets_nothing(start_server, email, deadline):
    box, port = start_server("starttls")
    with pytest.raises(DeliveryError, match="certificate is not trusted: hostname mismatch"):
        email(port, host="localhost").send(make_alert(), deadline)
    assert box.asked == []


def test_tls_at_a_port_that_wants_starttls_says_what_to_set(start_server, email, deadline):
    _, port = start_server("starttls")
    with pytest.raises(DeliveryError, match=r"TLS failed: .*CI_REPORTER_EMAIL_TLS=implicit, others starttls"):
        email(port, tls=Tls.IMPLICIT).send(make_alert(), deadline)


def test_a_wrong_password_is_said_and_not_shown(start_server, email, deadline):
    _, port = start_server("starttls", auth=True)
    with pytest.raises(Rejected, match=r"does not let us in: 535 .*check CI_REPORTER_EMAIL_USERNAME") as caught:
        email(port, username=USER, password="wrong-wrong").send(make_alert(), deadline)
    assert "wrong-wrong" not in str(caught.value)


def test_it_is_sent_with_a_token(start_server, email, deadline):
    box, port = start_server("starttls", auth=True)
    email(port, username=USER, token=OAUTH).send(make_alert(), deadline)
    assert box.users == [USER]


def test_a_token_that_has_run_out_is_refused_in_the_servers_words(start_server, email, deadline):
    box, port = start_server("starttls", auth=True)
    with pytest.raises(Rejected, match="535") as caught:
        email(port, username=USER, token="old-token-1234").send(make_alert(), deadline)
    assert "old-token" not in str(caught.value)
    assert box.envelopes == []


def test_sign_in_where_there_is_none_is_said(start_server, email, deadline):
    _, port = start_server("none")
    with pytest.raises(Rejected, match="takes no sign-in here"):
        email(port, username=USER, password=PASSWORD).send(make_alert(), deadline)


def test_without_a_sign_in_the_servers_words_are_said(start_server, email, deadline):
    _, port = start_server("starttls", auth=True)
    with pytest.raises(Rejected, match="refused: 530 "):
        email(port).send(make_alert(), deadline)


def test_a_recipient_that_is_refused_is_named_and_the_others_get_it(start_server, email, deadline):
    box, port = start_server()
    box.replies = {EVE: ["550 5.1.1 no such user"]}
    with pytest.raises(Rejected, match=r"for eve@acme.example: 550 5.1.1 no such user \(the other 2 got it\)"):
        email(port, to=(ADA, EVE, BOB)).send(make_alert(), deadline)
    assert [each.rcpt_tos for each in box.envelopes] == [[ADA, BOB]]


def test_a_recipient_that_has_to_wait_is_named_and_may_get_it_later(start_server, email, deadline):
    box, port = start_server()
    box.replies = {EVE: ["451 4.7.1 greylisted"]}
    with pytest.raises(
        DeliveryError, match=r"for eve@acme.example: 451 4.7.1 greylisted \(the other 1 got it\)"
    ) as caught:
        email(port, to=(ADA, EVE)).send(make_alert(), deadline)
    assert not_for_good(caught)
    assert [each.rcpt_tos for each in box.envelopes] == [[ADA]]


def test_nobody_gets_it_twice_for_those_who_have_to_wait(start_server, email, deadline):
    box, port = start_server()
    box.replies = {EVE: ["451 greylisted"], BOB: ["550 no such user"]}
    with pytest.raises(DeliveryError, match=r"bob@acme.example: 550 .*; ") as caught:
        email(port, to=(BOB, EVE, ADA)).send(make_alert(), deadline)
    assert not_for_good(caught)
    assert len(box.envelopes) == 1


def test_where_nobody_got_it_it_is_tried_again(start_server, email, deadline):
    box, port = start_server()
    box.replies = {ADA: ["451 not now", "250 OK"]}
    email(port).send(make_alert(), deadline)
    assert len(box.asked) == 2


@pytest.mark.parametrize(("reply", "sent"), [("452 4.3.1 mailbox full", 1), ("554 5.7.1 spam", 0)])
def test_a_message_is_refused_for_now_or_for_good(start_server, email, deadline, reply, sent):
    box, port = start_server()
    box.data = [reply]
    if sent:
        email(port).send(make_alert(), deadline)
    else:
        with pytest.raises(Rejected, match=f"refused: {reply}"):
            email(port).send(make_alert(), deadline)
    assert len(box.envelopes) == sent


def test_a_server_that_hangs_up_in_between_has_sent_it_to_nobody(start_server, email, deadline):
    box, port = start_server()
    box.replies = {EVE: ["421 4.3.2 closing"]}
    with pytest.raises(
        DeliveryError, match=r"eve@acme.example: 421 .*bob@acme.example: 421 the server hung up"
    ) as caught:
        email(port, to=(ADA, EVE, BOB)).send(make_alert(), deadline)
    assert not_for_good(caught)
    assert box.envelopes == []


def test_letters_outside_ascii_need_a_server_that_takes_them(start_server, email, deadline):
    box, port = start_server(enable_SMTPUTF8=True)
    email(port, to=("zoë@acme.example",)).send(make_alert(), deadline)
    assert box.envelopes[0].rcpt_tos == ["zoë@acme.example"]
    _, old = start_server(enable_SMTPUTF8=False)
    with pytest.raises(Rejected, match="it offers no SMTPUTF8"):
        email(old, to=("zoë@acme.example",)).send(make_alert(), deadline)


class SlowGoodbye(Mailbox):
    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(60)


def test_what_was_taken_is_sent_however_long_the_goodbye_takes(start_server, email):
    box, port = start_server(mailbox=SlowGoodbye())
    begun = time.monotonic()
    email(port).send(make_alert(), Deadline(30))
    assert (len(box.envelopes), time.monotonic() - begun < 25) == (1, True)


@pytest.fixture
def dripping():
    """A server whose greeting takes for ever: a byte, and another one."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = listener.accept()
        with connection:
            while not over.wait(0.05):
                connection.sendall(b"2")

    thread = threading.Thread(target=drip)
    thread.start()
    yield listener.getsockname()[1]
    over.set()
    thread.join()
    listener.close()


def test_a_server_that_drips_takes_no_longer_than_the_deadline(dripping, email):
    begun = time.monotonic()
    with pytest.raises(DeliveryError, match=r"no answer from 127.0.0.1:\d+ within 0.5 s") as caught:
        email(dripping).send(make_alert(), Deadline(0.5))
    assert not_for_good(caught)
    assert time.monotonic() - begun < 20


def test_a_server_that_is_away_may_come_back(email, deadline):
    port = free_port()
    with pytest.raises(DeliveryError, match=f"cannot reach 127.0.0.1:{port}: connection refused") as caught:
        email(port).send(make_alert(), deadline)
    assert not_for_good(caught)
