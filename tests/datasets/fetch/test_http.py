"""The cache and the downloads: failures of the network, and how they are handled."""

import dataclasses
import email.utils
import hashlib
import json
import multiprocessing
import re
import socket
import threading
import time
from pathlib import Path

import pytest
from support.publisher import Page

import geobuffer as gb
from geobuffer.datasets.fetch import cache, http
from geobuffer.datasets.fetch.check_content import read_json
from geobuffer.datasets.fetch.downloader import Downloader, Wanted

BODY = json.dumps({"elements": list(range(60_000))}).encode()


@pytest.fixture
def how(tmp_path):
    return Downloader(folder=tmp_path / "cache", timeout_s=0.3, pause_s=0.01, attempts=3)


@pytest.fixture
def waits(monkeypatch):
    """Every wait that was requested; the waits take no time."""
    made = []
    monkeypatch.setattr(http.time, "sleep", made.append)
    return made


def wanted(*urls, check=read_json, stated=""):
    return Wanted("test", "data.json", urls, gb.Source("Test data", "A test"), check, stated)


def obtain(what, how, *, refresh=False):
    return cache.obtain(what, how, refresh=refresh)


def files(how):
    return sorted(p.name for p in (how.folder / "test").iterdir() if not p.name.endswith(".lock"))


def test_a_file_comes_with_its_metadata_and_only_once(publisher, how):
    publisher.serve("/data.json", Page(BODY))
    first = obtain(wanted(f"{publisher.url}/data.json"), how)
    assert first.path.read_bytes() == BODY
    assert first.source.sha256 == hashlib.sha256(BODY).hexdigest()
    assert first.source.url == f"{publisher.url}/data.json"
    assert first.source.retrieved == time.strftime("%Y-%m-%d", time.gmtime())
    assert files(how) == ["data.json", "data.json.json"]
    metadata = json.loads((how.folder / "test" / "data.json.json").read_text(encoding="utf-8"))
    assert (metadata["title"], metadata["sha256"]) == ("Test data", first.source.sha256)
    assert metadata["sha256_note"].startswith("its publisher states none")
    publisher.stop()  # offline from here
    second = obtain(wanted(f"{publisher.url}/data.json"), how)
    assert second.source == first.source
    assert len(publisher.asked) == 1


def test_the_user_agent_names_the_program_and_its_version(publisher, how):
    publisher.serve("/data.json", Page(BODY))
    obtain(wanted(f"{publisher.url}/data.json"), how)
    _, headers, _ = publisher.asked[0]
    page = r"\(\+https://pypi\.org/project/geobuffer/\)"
    assert re.fullmatch(rf"geobuffer/{re.escape(gb.__version__)} {page}", headers["User-Agent"])
    assert headers["Accept-Encoding"] == "identity"


def test_progress_ends_at_the_whole(publisher, tmp_path):
    steps = []
    how = Downloader(folder=tmp_path, pause_s=0, progress=lambda *step: steps.append(step))
    body = b'["' + b"x" * 300_000 + b'"]'
    publisher.serve("/data.json", Page(body))
    obtain(wanted(f"{publisher.url}/data.json"), how)
    assert len(steps) > 2
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)
    assert steps[-1] == ("data.json", len(body), len(body))


def test_refresh_brings_the_new_file_and_its_hash(publisher, how):
    publisher.serve("/data.json", Page(BODY), Page(b"[1]"))
    what = wanted(f"{publisher.url}/data.json")
    old = obtain(what, how)
    assert obtain(what, how).source == old.source
    new = obtain(what, how, refresh=True)
    assert new.path.read_bytes() == b"[1]"
    assert new.source.sha256 == hashlib.sha256(b"[1]").hexdigest()
    assert obtain(what, how).source == new.source


def test_a_failed_refresh_keeps_the_old_file_and_raises_an_error(publisher, how):
    publisher.serve("/data.json", Page(BODY), Page(status=404))
    what = wanted(f"{publisher.url}/data.json")
    obtain(what, how)
    with pytest.raises(gb.DownloadError, match=r"404.*holds an older copy.*leave out refresh"):
        obtain(what, how, refresh=True)
    assert obtain(what, how).path.read_bytes() == BODY


# Answers of servers


def test_404_is_not_retried_and_the_message_explains_the_manual_download(publisher, how):
    with pytest.raises(gb.DownloadError) as caught:
        obtain(wanted(f"{publisher.url}/data.json"), how)
    message = str(caught.value)
    assert "404 Not Found" in message
    assert f"open {publisher.url}/data.json in a browser and save it as " in message
    assert str(how.folder / "test" / "data.json") in message
    assert len(publisher.asked) == 1
    assert files(how) == []
    assert isinstance(caught.value, ConnectionError)


def test_a_file_put_there_by_hand_is_used(publisher, how):
    with pytest.raises(gb.DownloadError) as caught:
        obtain(wanted(f"{publisher.url}/data.json"), how)
    place = Path(str(caught.value).split(" save it as ")[1].split(";")[0])
    place.write_bytes(BODY)
    file = obtain(wanted(f"{publisher.url}/data.json"), how)
    assert file.path == place
    assert file.source.sha256 == hashlib.sha256(BODY).hexdigest()
    note = json.loads(place.with_name("data.json.json").read_text(encoding="utf-8"))["sha256_note"]
    assert "by hand" in note


def test_a_wrong_file_put_there_by_hand_is_refused(how):
    (how.folder / "test").mkdir(parents=True)
    (how.folder / "test" / "data.json").write_text("<!DOCTYPE html><html>log in", encoding="utf-8")
    with pytest.raises(gb.DataError, match="HTML page"):
        obtain(wanted("https://data.example/data.json"), how)


@pytest.mark.parametrize(
    ("said", "wait_s"), [("40", 40), ("date", 40), ("7", 30), ("soon", 30), (None, 30)]
)
def test_429_waits_half_a_minute_or_as_long_as_it_asks(publisher, how, waits, said, wait_s):
    date = email.utils.formatdate(time.time() + 40, usegmt=True)
    headers = {} if said is None else {"Retry-After": date if said == "date" else said}
    publisher.serve("/data.json", Page(status=429, headers=headers), Page(BODY))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY
    assert len(publisher.asked) == 2
    assert [w for w in waits if w > 1] == [pytest.approx(wait_s - 0.5, abs=0.6)]


def test_error_explains_a_check_of_browsers_and_the_remedy(publisher, how, waits):
    publisher.serve("/data.json", Page(status=202))
    with pytest.raises(gb.DownloadError) as caught:
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert "202 Accepted, without the file: the site asks for a browser" in str(caught.value)
    assert f"save it as {how.folder / 'test' / 'data.json'}" in str(caught.value)
    assert len(publisher.asked) == 1


def test_offline_uses_the_cache_and_asks_nobody(publisher, how):
    publisher.serve("/data.json", Page(BODY))
    offline = dataclasses.replace(how, offline=True)
    url = f"{publisher.url}/data.json"
    with pytest.raises(gb.DownloadError, match="not in the cache"):
        obtain(wanted(url), offline)
    assert publisher.asked == []
    assert obtain(wanted(url), how).path == obtain(wanted(url), offline).path


def test_a_wait_beyond_the_limit_raises_an_error_at_once(publisher, how, waits):
    publisher.serve("/data.json", Page(status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(gb.DownloadError, match=r"429 Too Many Requests \(asks to wait 86,400 s\)"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert len(publisher.asked) == 1
    assert not [w for w in waits if w > 1]


def test_temporary_errors_are_retried_with_longer_waits(publisher, tmp_path, waits):
    how = Downloader(folder=tmp_path, pause_s=4, attempts=4)
    publisher.serve("/data.json", *[Page(status=s) for s in (500, 503, 504)], Page(BODY))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY
    # time.sleep is not made, so each wait counts from about the same moment
    assert waits == [pytest.approx(w, abs=0.5) for w in (4, 8, 16)]


def test_the_number_of_attempts_is_limited(publisher, how):
    publisher.serve("/data.json", Page(status=503))
    with pytest.raises(gb.DownloadError, match="503 Service Unavailable"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert len(publisher.asked) == how.attempts


def test_two_requests_to_a_host_are_spaced_in_time(publisher, tmp_path):
    how = Downloader(folder=tmp_path, pause_s=0.2)
    publisher.serve("/data.json", Page(BODY))
    start = time.monotonic()
    for _ in range(3):
        obtain(wanted(f"{publisher.url}/data.json"), how, refresh=True)
    assert time.monotonic() - start >= 0.4


def test_html_instead_of_data_raises_an_error(publisher, how):
    page = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
    publisher.serve("/data.json", Page(page))
    with pytest.raises(gb.DownloadError, match=r"HTML page, not data"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert files(how) == []


def test_a_mirror_takes_over(publisher, how):
    publisher.serve("/one", Page(status=504))
    publisher.serve("/two", Page(b"<html>busy</html>"))
    publisher.serve("/three", Page(BODY))
    urls = [f"{publisher.url}/{name}" for name in ("one", "two", "three")]
    file = obtain(wanted(*urls), how)
    assert publisher.paths() == ["/one", "/two", "/three"]
    assert file.source.url == urls[2]


def test_a_silent_server_ends_at_the_timeout(publisher, how):
    publisher.serve("/data.json", Page(hang=True))
    start = time.monotonic()
    with pytest.raises(gb.DownloadError, match=r"no answer within 0\.3 s"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert time.monotonic() - start < 3 * 0.3 + 1


@pytest.mark.parametrize("etag", ["", '"1"'])
def test_a_server_that_sends_a_byte_now_and_then_ends_at_the_limit(publisher, how, etag):
    publisher.serve("/data.json", Page(b"[" + b" " * 2000 + b"]", drip_s=0.05, etag=etag))
    start = time.monotonic()
    with pytest.raises(gb.DownloadError, match=r"not finished within 0\.2 s"):
        obtain(wanted(f"{publisher.url}/data.json"), dataclasses.replace(how, total_s=0.2))
    assert time.monotonic() - start < 3 * 0.4 + 1
    resumed = [headers["Range"] for _, headers, _ in publisher.asked if "Range" in headers]
    assert len(resumed) == (2 if etag else 0)


@pytest.mark.parametrize("status", [200, 302, 404])
def test_headers_that_come_byte_after_byte_end_at_the_limit(publisher, how, status):
    page = Page(BODY, status, {"Location": f"{publisher.url}/other.json"}, head_drip_s=0.003)
    publisher.serve("/data.json", page)
    how = dataclasses.replace(how, total_s=0.3, attempts=2)
    start = time.monotonic()
    with pytest.raises(gb.DownloadError, match=r"not finished within 0\.3 s\. It is not"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert time.monotonic() - start < 2 * 0.3 + 1
    assert publisher.paths() == ["/data.json"] * 2


def test_a_body_without_a_length_is_not_taken_for_whole_at_the_limit(publisher, how):
    publisher.serve("/data.json", Page(b"[]" + b" " * 400, length=False, drip_s=0.02))
    how = dataclasses.replace(how, total_s=0.3, attempts=1)
    with pytest.raises(gb.DownloadError, match=r"not finished within 0\.3 s"):
        obtain(wanted(f"{publisher.url}/data.json"), how)


def test_an_unknown_host_raises_an_error(how, monkeypatch):
    def no_name(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    for proxy in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    with pytest.raises(gb.DownloadError) as caught:
        obtain(wanted("https://nowhere.example/data.json"), how)
    assert "no connection: " in str(caught.value)
    assert "Name or service not known" in str(caught.value)
    assert "open https://nowhere.example/data.json in a browser and save it as" in str(caught.value)


def test_a_refused_connection_raises_an_error(how):
    with socket.socket() as taken:  # bound and not listening: a connection is refused
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(gb.DownloadError, match=r"no connection: .*refused"):
            obtain(wanted(f"http://127.0.0.1:{taken.getsockname()[1]}/data.json"), how)


# Truncated bodies and resumed downloads


def test_a_broken_download_resumes_where_it_stopped(publisher, how):
    cut = Page(BODY, etag='"v1"', cut_after=150_000)
    publisher.serve("/data.json", cut, Page(BODY, etag='"v1"'))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY
    _, first, _ = publisher.asked[0]
    _, second, _ = publisher.asked[1]
    assert "Range" not in first
    start = int(second["Range"].removeprefix("bytes=").removesuffix("-"))
    assert 150_000 - 2**16 < start <= 150_000  # what came since the last write is asked for again
    assert second["If-Range"] == '"v1"'


def test_a_second_process_resumes_a_partial_download(publisher, tmp_path):
    publisher.serve("/data.json", Page(BODY, etag='"v1"', cut_after=150_000))
    once = Downloader(folder=tmp_path, pause_s=0, attempts=1)
    with pytest.raises(gb.DownloadError, match="cut"):
        obtain(wanted(f"{publisher.url}/data.json"), once)
    have = (tmp_path / "test" / "data.json.part").stat().st_size
    assert 150_000 - 2**16 < have <= 150_000
    assert not (tmp_path / "test" / "data.json").exists()
    publisher.serve("/data.json", Page(BODY, etag='"v1"'))
    assert obtain(wanted(f"{publisher.url}/data.json"), once).path.read_bytes() == BODY
    assert publisher.asked[-1][1]["Range"] == f"bytes={have}-"


def test_a_file_that_changed_meanwhile_starts_again(publisher, how):
    new = json.dumps(["another file"] * 30_000).encode()
    cut = Page(BODY, etag='"v1"', cut_after=150_000)
    publisher.serve("/data.json", cut, Page(new, etag='"v2"'))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == new


@pytest.mark.parametrize("etag", ["", 'W/"v1"'])
def test_without_a_strong_validator_nothing_is_resumed(publisher, how, etag):
    cut = Page(BODY, headers={"ETag": etag} if etag else {}, cut_after=150_000)
    publisher.serve("/data.json", cut, Page(BODY))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY
    assert "Range" not in publisher.asked[1][1]


def test_a_body_that_is_always_truncated_raises_an_error(publisher, how):
    publisher.serve("/data.json", Page(BODY, cut_after=150_000))
    with pytest.raises(gb.DownloadError, match="cut"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert "data.json" not in files(how)


def test_truncation_without_a_length_is_detected_in_the_content(publisher, how):
    publisher.serve("/data.json", Page(BODY[:-1], length=False))
    with pytest.raises(gb.DownloadError, match="not JSON, or cut off"):
        obtain(wanted(f"{publisher.url}/data.json"), how)


def test_the_wrong_part_is_not_taken(publisher, how):
    cut = Page(BODY, etag='"v1"', cut_after=150_000)
    wrong = Page(BODY[:50], 206, {"Content-Range": "bytes 0-49/99999"})
    publisher.serve("/data.json", cut, wrong, Page(BODY))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY


def test_a_part_beyond_the_end_starts_again(publisher, how):
    cut = Page(BODY, etag='"v1"', cut_after=150_000)
    publisher.serve("/data.json", cut, Page(status=416), Page(BODY))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY
    assert "Range" not in publisher.asked[2][1]


# Hashes


def test_an_altered_file_is_refused(publisher, how):
    publisher.serve("/data.json", Page(BODY))
    what = wanted(f"{publisher.url}/data.json")
    obtain(what, how).path.write_bytes(BODY.replace(b"17", b"71", 1))
    with pytest.raises(gb.ChecksumMismatch, match=r"Altered .*data\.json.*refresh"):
        obtain(what, how)
    assert obtain(what, how, refresh=True).path.read_bytes() == BODY


@pytest.mark.parametrize("method", ["md5", "sha1", "sha256"])
def test_the_hash_that_a_publisher_states_is_compared(publisher, how, method):
    publisher.serve("/data.json", Page(BODY), Page(BODY + b" "))
    stated = hashlib.new(method, BODY, usedforsecurity=False).hexdigest()
    what = wanted(f"{publisher.url}/data.json", stated=stated)
    path = obtain(what, how).path
    metadata = json.loads(path.with_name("data.json.json").read_text(encoding="utf-8"))
    assert metadata["sha256_note"] == f"agrees with the {method} that its publisher states"
    with pytest.raises(gb.ChecksumMismatch, match=rf"Wrong data\.json: {method} is"):
        obtain(what, how, refresh=True)
    assert path.read_bytes() == BODY


def test_unreadable_metadata_raises_an_error(publisher, how):
    publisher.serve("/data.json", Page(BODY))
    what = wanted(f"{publisher.url}/data.json")
    path = obtain(what, how).path
    path.with_name("data.json.json").write_text("{", encoding="utf-8")
    with pytest.raises(gb.DataError, match=r"data\.json\.json"):
        obtain(what, how)


# Allowed addresses


@pytest.mark.parametrize(
    "url",
    ["http://data.example/x", "ftp://data.example/x", "file:///etc/passwd", "https:///x", "x",
     "http://127.0.0.1.data.example/x", "http://localhost.data.example/x"],
)  # fmt: skip
def test_only_https_or_this_machine(how, url):
    with pytest.raises(gb.DataError, match=r"begin with https://"):
        obtain(wanted(url), how)


@pytest.mark.parametrize("target", ["http://data.example/x", "https://data.example/x", "file:///x"])
def test_no_redirect_to_another_scheme_or_an_open_address(publisher, how, target):
    publisher.serve("/data.json", Page(status=302, headers={"Location": target}))
    with pytest.raises(gb.DownloadError, match="Invalid address"):
        obtain(wanted(f"{publisher.url}/data.json"), how)


def test_a_redirect_is_followed(publisher, how):
    publisher.serve("/data.json", Page(status=302, headers={"Location": "/moved"}))
    publisher.serve("/moved", Page(BODY))
    assert obtain(wanted(f"{publisher.url}/data.json"), how).path.read_bytes() == BODY


def test_redirects_in_a_circle_end(publisher, how):
    publisher.serve("/data.json", Page(status=302, headers={"Location": "/data.json"}))
    with pytest.raises(gb.DownloadError, match="more than 5 redirects"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert len(publisher.asked) == 6


# Sizes, names, concurrent downloads


@pytest.mark.parametrize("length", [True, False])
def test_a_body_larger_than_the_cap_is_refused(publisher, tmp_path, length):
    how = Downloader(folder=tmp_path, pause_s=0, size_cap_bytes=5000)
    publisher.serve("/data.json", Page(BODY, length=length))
    with pytest.raises(gb.DownloadError, match=r"larger than 5,000 bytes.*size_cap_bytes"):
        obtain(wanted(f"{publisher.url}/data.json"), how)
    assert [p for p in (tmp_path / "test").iterdir() if p.stat().st_size > 5000] == []


def test_a_stated_length_beyond_the_cap_is_refused_before_the_body(publisher, tmp_path):
    how = Downloader(folder=tmp_path, pause_s=0, size_cap_bytes=5000)
    publisher.serve("/data.json", Page(BODY, cut_after=0))
    with pytest.raises(gb.DownloadError, match="larger than 5,000 bytes"):
        obtain(wanted(f"{publisher.url}/data.json"), how)


def test_a_packed_body_that_was_not_asked_for_is_refused(publisher, how):
    publisher.serve("/data.json", Page(BODY, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(gb.DownloadError, match="packed"):
        obtain(wanted(f"{publisher.url}/data.json"), how)


def test_threads_that_fetch_the_same_file_download_it_once(publisher, how):
    publisher.serve("/data.json", Page(BODY))
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(obtain(wanted(f"{publisher.url}/data.json"), how).source)
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert len(publisher.asked) == 1


def _in_another_process(url, folder, answers):
    how = Downloader(folder=folder, pause_s=0)
    answers.put(obtain(wanted(url), how, refresh=True).source.sha256)


def test_processes_do_not_mix_their_files(publisher, tmp_path):
    """Each process refreshes; every result is one of the bodies, and complete."""
    bodies = [json.dumps([n] * 40_000).encode() for n in range(4)]
    publisher.serve("/data.json", *[Page(body) for body in bodies])
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    url = f"{publisher.url}/data.json"
    workers = [
        spawn.Process(target=_in_another_process, args=(url, tmp_path, answers)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    hashes = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join()
    assert hashes <= {hashlib.sha256(body).hexdigest() for body in bodies}
    assert len(hashes) == 3
    kept = obtain(wanted(url), Downloader(folder=tmp_path, pause_s=0))
    assert kept.source.sha256 in hashes


def test_a_read_only_cache_raises_an_error(tmp_path, monkeypatch):
    def refuse_folder(self, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse_folder)
    with pytest.raises(gb.DataError, match=r"Cannot write to the cache.*Downloader\(folder"):
        obtain(wanted("https://data.example/x"), Downloader(folder=tmp_path / "cache"))


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", "", "a\x00b", "x" * 500, ".hidden"])
def test_names_from_a_publisher_are_not_used_as_paths(name):
    safe = cache.file_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) & set("/\\\x00")
    assert not safe.startswith(".")


def test_the_default_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder(Downloader()).name == "geobuffer"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"sites": {"geoname": "https://x"}}, "Did you mean 'geonames'"), ({"timeout_s": 0}, "above"),
     ({"total_s": 0}, "above"),
     ({"attempts": 0}, "above"), ({"pause_s": -1}, "zero or above"), ({"timeout_s": float("nan")},
     "above")],
)  # fmt: skip
def test_invalid_downloader_options_raise_an_error(wrong, message):
    with pytest.raises(gb.DataError, match=message):
        Downloader(**wrong)
