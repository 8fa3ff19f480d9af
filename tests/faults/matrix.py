"""The fault matrix: what a server can do to us, and what happens then.

One table for everything: the tests run each fault in each column, and the table of the documentation is made
of the same data.
"""

from __future__ import annotations

from faults import bodies, places
from faults.bodies import api_error, bad_record, bad_value, long, other_record, page, record, value, whole
from faults.fault import JSON, XML, Fault, half, has, in_40_s, is_list, read, sends, status, steps, zipped
from faults.outcomes import ACCESS, API, ASKED_TOO_MUCH, EMPTY, PASSING, READ, REFUSED, RESPONSE
from support.reports import Fault as XmlFault
from support.server import End, Pause, chunked, chunks, close_delimited, gzipped, head, plain

from airflow_provider_mailkit.catalogue.columns import INSTANT, INTEGER, TEXT

REFUSED_PLACES = [
    Fault("refused", "Nobody listens: the connection is refused", PASSING, place=places.refused),
    Fault("no name", "The host name is not found", PASSING, place=places.no_such_name),
    Fault("no room", "The host does not answer: the connect time-out", PASSING, place=places.no_room,
          protocols=JSON, timeout_s=0.15),
    Fault("no TLS", "The server does not speak TLS", PASSING, place=places.no_tls),
    Fault("silent TLS", "The server is silent instead of beginning TLS", PASSING, place=places.silent_tls,
          protocols=JSON, timeout_s=0.15),
    Fault("untrusted", "The certificate is not trusted", PASSING, place=places.untrusted),
    Fault("wrong name", "The certificate is for another name", PASSING, place=places.wrong_name),
]  # fmt: skip

SILENCE = [
    Fault("silent", "No byte of an answer comes: the read time-out", PASSING,
          steps(lambda body: [End.SILENCE]), protocols=JSON, timeout_s=0.15),
    Fault("silent in head", "Silence in the middle of the head", PASSING,
          steps(lambda body: [head(content_length=9)[:30], End.SILENCE]), protocols=JSON, timeout_s=0.15),
    Fault("silent after head", "Silence after the head", PASSING,
          steps(lambda body: [head(content_length=len(body)), End.SILENCE]), protocols=JSON, timeout_s=0.15),
    Fault("silent in body", "Silence in the middle of the body", PASSING,
          steps(lambda body: [head(content_length=len(body)), half(body), End.SILENCE]), protocols=JSON,
          timeout_s=0.15),
    Fault("slow", "A slow, steady answer that takes longer than the time-outs", READ,
          steps(lambda body: [head(content_length=len(body)),
                              *(step for start in range(0, len(body), len(body) // 5 + 1)
                                for step in (Pause(0.1), body[start : start + len(body) // 5 + 1]))]),
          content=whole, protocols=JSON, timeout_s=0.4),
]  # fmt: skip

BREAKS = [
    Fault("reset at once", "The connection is reset before the answer", PASSING,
          steps(lambda body: [End.RESET])),
    Fault("reset in head", "Reset in the middle of the head", PASSING,
          steps(lambda body: [head(content_length=9)[:30], End.RESET])),
    Fault("reset after head", "Reset after the head", PASSING,
          steps(lambda body: [head(content_length=len(body)), Pause(0.01), End.RESET])),
    Fault("reset in body", "Reset in the middle of a long body", PASSING,
          steps(lambda body: [head(content_length=len(body)), body[:-900], Pause(0.05), End.RESET], long),
          late=True),
    Fault("closed at once", "The connection is closed before the answer", PASSING, steps(lambda body: [])),
    Fault("closed in head", "Closed in the middle of the head", PASSING,
          steps(lambda body: [head(content_length=len(body))[:30]])),
    Fault("closed in coding", "Closed in the middle of the header `Content-Encoding`", PASSING,
          steps(lambda body: [b"HTTP/1.1 200 OK\r\nContent-Encoding: gz"])),
    Fault("cut length", "A body shorter than its `Content-Length`", PASSING,
          steps(lambda body: [head(content_length=len(body)), body[:-1]])),
    Fault("cut long", "A long body that is cut near its end", PASSING,
          steps(lambda body: close_delimited(body[:-900]), long), late=True),
    Fault("cut chunks", "Chunks without the last one", PASSING,
          steps(lambda body: [head(transfer_encoding="chunked"), *chunks(half(body), 100)])),
    Fault("cut chunk", "Half a chunk", PASSING,
          steps(lambda body: [head(transfer_encoding="chunked"), b"3e8\r\n" + body[:500]])),
    Fault("cut close", "No length, and closed in order before the end", PASSING,
          steps(lambda body: close_delimited(body[:-1])), late=True),
    Fault("cut inside", "Cut, and the length and chunks are those of the cut body", PASSING,
          steps(lambda body: chunked(half(body))), late=True),
    Fault("cut TLS", "TLS that is cut without its goodbye", PASSING, place=places.cut_tls),
    Fault("cut gzip", "Half of a gzip stream, closed in order", PASSING,
          steps(lambda body: close_delimited(half(zipped(body)), content_encoding="gzip"))),
    Fault("cut gzip end", "A gzip stream without its last byte", PASSING,
          steps(lambda body: plain(zipped(body)[:-1], content_encoding="gzip"))),
    Fault("cut in gzip", "A whole gzip stream of a cut body", PASSING,
          steps(lambda body: gzipped(half(body))), late=True),
    Fault("nothing", "An empty body", PASSING, steps(lambda body: plain(b""))),
]  # fmt: skip

DAMAGE = [
    Fault("damaged gzip", "A gzip stream with damaged bytes", PASSING,
          steps(lambda body: plain(zipped(body)[:-60] + b"x" * 60, content_encoding="gzip"))),
    Fault("no gzip", "A body that is said to be gzip and is not", PASSING,
          steps(lambda body: plain(body, content_encoding="gzip"))),
    Fault("bad chunk", "A chunk whose size is not a number", PASSING,
          steps(lambda body: [head(transfer_encoding="chunked"),
                              *chunks(half(body)), b"zz\r\nabc\r\n0\r\n\r\n"]), timeout_s=0.5),
    Fault("no HTTP", "An answer that is not HTTP", PASSING, steps(lambda body: [b"220 ready\r\n" + body])),
    Fault("no blank line", "A head that runs into the body", PASSING,
          steps(lambda body: [b"HTTP/1.1 200 OK\r\nServer: x\r\nHere it is: " + body])),
    Fault("bad header", "A header that is none, with an address in it", PASSING,
          steps(lambda body: [b"HTTP/1.1 200 OK\r\nperson1@example.com\r\n\r\n" + body])),
    Fault("two lengths", "Two lengths that differ", PASSING,
          steps(lambda body: [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n" + body])),
    Fault("other coding", "A content coding that was not asked for", RESPONSE,
          sends(whole, plain, content_encoding="br")),
]  # fmt: skip

REDIRECTS = [
    Fault(f"{code}", f"{code}, a redirect to another host", RESPONSE,
          status(code, b"moved", location="http://127.0.0.1:9/json.fcgi"))
    for code in (301, 302, 303, 307, 308)
] + [Fault("304", "304", RESPONSE, status(304))]  # fmt: skip

STATUSES = [
    Fault("206", "206 with a good report", RESPONSE, status(206, whole)),
    Fault("400", "400 with a page", RESPONSE, status(400, page)),
    Fault("400 API", "400 with an error of the API", API, status(400, api_error("Invalid ID_send"))),
    Fault("401", "401 with nothing", ACCESS, status(401)),
    Fault("403", "403 with a page", ACCESS, status(403, page)),
    Fault("403 API", "403 with `Disallowed IP`", ACCESS, status(403, api_error("Disallowed IP 192.0.2.7"))),
    Fault("404", "404 with a page", RESPONSE, status(404, page)),
    Fault("404 data", "404 with a good report", RESPONSE, status(404, whole)),
    Fault("413", "413 with an endless page", RESPONSE, status(413, b"x" * 300_000)),
    Fault("408", "408", PASSING, status(408)),
    Fault("429", "429 without `Retry-After`", PASSING, status(429, page)),
    Fault("429 seconds", "429 with `Retry-After: 7`", PASSING, status(429, retry_after="7"), asked_s=7),
    Fault("429 date", "429 with `Retry-After` as a date in 40 s", PASSING, in_40_s(429), asked_s=30),
    Fault("429 past", "429 with `Retry-After` as a date in the past", PASSING,
          status(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT")),
    Fault("429 unreadable", "429 with a `Retry-After` that cannot be read", PASSING,
          status(429, retry_after="soon")),
    Fault("429 long", "429 with `Retry-After: 90`, more than a minute", ASKED_TOO_MUCH,
          status(429, retry_after="90")),
    Fault("429 absurd", "429 with `Retry-After: 86400`", ASKED_TOO_MUCH, status(429, retry_after="86400")),
    Fault("429 endless", "429 with a `Retry-After` of 300 digits", ASKED_TOO_MUCH,
          status(429, retry_after="9" * 300)),
    Fault("429 absurd date", "429 with `Retry-After` as a date in 2100", ASKED_TOO_MUCH,
          status(429, retry_after="Fri, 01 Jan 2100 00:00:00 GMT")),
    Fault("500", "500 with a page", PASSING, status(500, page)),
    Fault("500 data", "500 with a good report", PASSING, status(500, whole)),
    Fault("502", "502", PASSING, status(502)),
    Fault("503", "503 without `Retry-After`", PASSING, status(503)),
    Fault("503 seconds", "503 with `Retry-After: 7`", PASSING, status(503, retry_after="7"), asked_s=7),
    Fault("503 date", "503 with `Retry-After` as a date in 40 s", PASSING, in_40_s(503), asked_s=30),
    Fault("503 absurd", "503 with `Retry-After: 86400`", ASKED_TOO_MUCH, status(503, retry_after="86400")),
    Fault("504", "504", PASSING, status(504)),
]  # fmt: skip

ANSWERS = [
    Fault("page", "200 with a page", RESPONSE, sends(page)),
    Fault("unauthorized", "200 with `Unauthorized`", ACCESS, sends(api_error("Unauthorized"))),
    Fault("disallowed", "200 with `Disallowed IP`", ACCESS, sends(api_error("Disallowed IP 192.0.2.7"))),
    Fault("missing ID", "200 with `Missing ID_send`", API, sends(api_error("Missing ID_send"))),
    Fault("invalid ID", "200 with `Invalid ID_send`", API, sends(api_error("Invalid ID_send"))),
    Fault("status text", "An error whose `error_status` is the text \"1\"", API,
          sends(api_error("Invalid ID_send", "1"))),
    Fault("unknown error", "An error that is not documented", API,
          sends(api_error("Try later, person1@example.com"))),
    Fault("fault", "A fault of XML-RPC", API, sends(value(XmlFault(4, "Internal error"))), protocols=XML),
    Fault("fault access", "A fault of XML-RPC that says `Unauthorized`", ACCESS,
          sends(value(XmlFault(4, "Unauthorized"))), protocols=XML),
    Fault("error in list", "A list whose only element is an error", API,
          sends(value([{"error_status": 1, "error": "Invalid ID_send"}]))),
    Fault("text", "A text instead of a list", RESPONSE, sends(value("no report")), protocols=JSON),
    Fault("number", "A number instead of a list", RESPONSE, sends(value(42))),
    Fault("null", "Null instead of a list", RESPONSE, sends(value(None))),
    Fault("boolean", "A boolean instead of a list", RESPONSE, sends(value(True))),
    Fault("object", "An object of another kind", RESPONSE, sends(value({"data": {"rows": 5}}))),
    Fault("numbers", "A list of numbers", RESPONSE, sends(value([1, 2, 3]))),
    Fault("lists", "A list of lists", RESPONSE, sends(value([["sent"], ["failed"]]))),
    Fault("deep", "Lists in lists, very deep", RESPONSE, sends(bodies.deep)),
    Fault("other protocol", "A good report in the other protocol", RESPONSE, sends(bodies.other_protocol)),
    Fault("UTF-16", "A good report in UTF-16", RESPONSE, sends(bodies.utf_16)),
    Fault("DTD", "XML with a DTD and an entity", RESPONSE, sends(bodies.with_dtd), protocols=XML),
    Fault("encoding", "XML in another encoding than UTF-8", RESPONSE, sends(bodies.latin), protocols=XML),
    Fault("more after", "A good report with something after it", RESPONSE,
          steps(lambda body: plain(body + b"x")), late=True),
    Fault("twice", "Two good reports, one after the other", RESPONSE,
          steps(lambda body: plain(body + body)), late=True),
]  # fmt: skip

RECORDS = [
    Fault("malformed", "Record 1,200 is malformed", RESPONSE, sends(bodies.unclosed), late=True,
          needs=is_list),
    Fault("no record", "A number in place of record 1,200", RESPONSE, sends(other_record(7)), late=True,
          needs=is_list),
    Fault("empty record", "Record 1,200 has no known field", RESPONSE, sends(other_record({"NEW": "x"})),
          late=True, needs=is_list),
    Fault("bad count", "A count of record 1,200 is not a number", RESPONSE,
          sends(bad_value(INTEGER, "many")), late=True, counts=READ, content=long, needs=has(INTEGER)),
    Fault("bad date", "The date of record 1,200 is not a date", RESPONSE,
          sends(bad_value(INSTANT, "yesterday")), late=True, counts=READ, content=long, needs=has(INSTANT)),
    Fault("large number", "An ID of record 1,200 does not fit into 64 bits", RESPONSE,
          sends(bad_value(INTEGER, "9" * 20)), late=True, counts=READ, content=long, needs=has(INTEGER)),
    Fault("bad status", "The status of record 1,200 is a list", RESPONSE,
          sends(bodies.bad_status), late=True, needs=has(TEXT)),
    Fault("bad UTF-8", "An address of record 1,200 is not in UTF-8, in JSON", RESPONSE,
          sends(bodies.bad_utf_8), late=True, protocols=JSON, counts=READ, content=long, needs=is_list),
    Fault("bad UTF-8 in XML", "An address of record 1,200 is not in UTF-8, in XML", RESPONSE,
          sends(bodies.bad_utf_8), late=True, protocols=XML, needs=is_list),
    Fault("oversized", "Record 1,200 is larger than 1 MiB", RESPONSE,
          sends(bad_record(NEW="x" * 2**21)), late=True, needs=is_list),
    Fault("error after rows", "An error of the API in place of record 1,200", API,
          sends(other_record({"error_status": 1, "error": "Invalid ID_send"})), late=True, needs=is_list),
]  # fmt: skip

REAL_LIFE = [
    read("whole", "A good report", whole),
    Fault("whole chunked", "A good report in chunks", READ, sends(whole, chunked, 100), content=whole),
    Fault("whole close", "A good report without a length", READ, sends(whole, close_delimited),
          content=whole),
    Fault("whole gzip", "A good report in gzip", READ, sends(whole, gzipped), content=whole),
    read("long", "A report of several batches", long),
    read("empty list", "An empty list", value([]), EMPTY),
    read("empty object", "An empty object", value({}), EMPTY),
    Fault("success", "`error_status` 0 with a text and nothing else", EMPTY,
          sends(value({"error_status": 0, "error": "OK"})), content=value([])),
    read("one", "One record instead of a list", bodies.one_alone),
    read("counts", "Counts as text, number, empty or null", bodies.counts),
    read("no date", "Dates that are empty, null or zero", bodies.no_dates),
    read("letter case", "Members in another order and letter case", bodies.letter_case),
    read("missing members", "Records that lack members", bodies.missing_members),
    read("unknown members", "Members that are not documented", record(NEW="Jan", MORE={"A": [1]})),
    read("spaces", "White space everywhere", bodies.spaced),
    read("mark", "A byte order mark", bodies.marked),
    read("unknown status", "A status that is not documented", bodies.unknown_text, sensor=REFUSED),
]  # fmt: skip

GROUPS: dict[str, list[Fault]] = {
    "No connection": REFUSED_PLACES,
    "Time": SILENCE,
    "Answers that break off": BREAKS,
    "Damaged answers": DAMAGE,
    "Redirects": REDIRECTS,
    "HTTP statuses": STATUSES,
    "Other answers than a report": ANSWERS,
    "Reports with a bad record": RECORDS,
    "What good answers look like": REAL_LIFE,
}
FAULTS: dict[str, Fault] = {fault.id: fault for group in GROUPS.values() for fault in group}
assert len(FAULTS) == sum(map(len, GROUPS.values())), "two faults have the same id"
