"""Downloads that go wrong: each ends in a whole model or a clear message, never in half a one."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from invoke_tui.domain.models.installs import InstallRequest, InstallStatus
from invoke_tui.studio.models.install import download, errors, run
from invoke_tui.studio.models.install import job as job_module
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.sources import WebFile
from tests.studio.harness import until
from tests.studio.install.conftest import Workbench
from tests.studio.install.made import lora, pipeline
from tests.studio.install.server import SHA, Fault, Site
from tests.studio.install.test_install import civitai

INK = "/files/ink.safetensors"
CANARY = "canary-7f3a9c"


@pytest.mark.parametrize("tenth", range(10))
async def test_cut_at_every_tenth(bench: Workbench, site: Site, tenth: int) -> None:
    data = site.files[INK] = lora()
    cut = len(data) * tenth // 10
    site.faults[INK] = Fault(cut=cut, times=2)  # the look at the head, and the first attempt
    job = await bench.install(site.web + INK)
    assert job.status is InstallStatus.COMPLETED, job.error
    assert job.model is not None
    assert Path(job.model.path).read_bytes() == data
    last = site.requests(INK)[-1]
    if cut:
        assert last["range"] == f"bytes={cut}-"
        assert last["if-range"].startswith('"')
    assert last["accept-encoding"] == "identity"


async def test_cut_again_and_again_it_arrives_in_pieces(bench: Workbench, site: Site) -> None:
    data = site.files[INK] = lora()
    site.faults[INK] = Fault(cut_after=len(data) // 10 + 1)
    job = await bench.install(site.web + INK)
    assert job.status is InstallStatus.COMPLETED, job.error
    assert len(site.requests(INK)) == 11


async def test_a_server_that_never_gets_further(bench: Workbench, site: Site) -> None:
    site.files[INK] = lora()
    site.faults[INK] = Fault(cut=9000, no_range=True)
    code, words = await bench.failure(site.web + INK)
    assert code == "download_failed"
    assert "9,000 bytes are here" in words
    del site.faults[INK]
    [job] = bench.installs.jobs()
    await bench.installs.resume(job.job_id)
    assert (await bench.finished(job.job_id)).status is InstallStatus.COMPLETED
    assert site.requests(INK)[-1]["range"] == "bytes=9000-"


async def test_another_file_at_the_same_place(bench: Workbench, site: Site) -> None:
    site.files[INK] = lora(seed=1)
    site.faults[INK] = Fault(cut=9000)
    await bench.failure(site.web + INK)
    site.files[INK] = lora(seed=2)
    for fault in (None, Fault(status=416, times=1)):
        site.faults = {INK: fault} if fault else {}
        [job] = bench.installs.jobs()
        await bench.installs.resume(job.job_id)
        job = await bench.finished(job.job_id)
        assert job.model is not None, job.error
        assert Path(job.model.path).read_bytes() == lora(seed=2)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault(status=401), "unauthorised", "remote_api_tokens"),
        (Fault(status=401, headers={"X-Error-Code": "GatedRepo"}), "gated", "accepted its conditions"),
        (Fault(status=403), "forbidden", "403"),
        (Fault(status=404), "remote_not_found", "no such file"),
        (Fault(status=429, headers={"Retry-After": "3600"}), "rate_limited", "3600 seconds"),
        (Fault(status=500, headers={"Retry-After": "0"}), "download_failed", "500"),
        (Fault(body=b"<!DOCTYPE html><p>log in", headers={"Content-Type": "text/html"}), "login_page", "wants a login"),
        (Fault(body=b"\n <html>log in"), "login_page", "web page"),
        (Fault(body=b"", headers={}), "empty", "empty"),
        (Fault(body=b"\x1b]0;t\x07 nonsense that is no model"), "not_a_model", "no model that can be read"),
        (Fault(headers={"Content-Encoding": "gzip"}), "compressed", "compressed"),
        (Fault(status=302, headers={"Location": "file:///etc/passwd"}), "forbidden_address", "file:"),
        (Fault(status=302, headers={"Location": "ftp://x/ink.safetensors"}), "forbidden_address", "ftp:"),
        (Fault(status=302, headers={"Location": "http://u:p@localhost/"}), "forbidden_address", "password"),
        (Fault(status=302, headers={"Location": INK}), "redirects", "without end"),
        (Fault(status=302, headers={"Location": "http://[::1"}), "download_failed", "cut off"),
    ],
)  # fmt: skip
async def test_what_servers_answer(bench: Workbench, site: Site, fault: Fault, code: str, words: str) -> None:
    site.files[INK] = lora()
    site.faults[INK] = fault
    found, message = await bench.failure(site.web + INK)
    assert found == code
    assert words in message
    assert "\x1b" not in message


async def test_a_busy_server_is_asked_again_when_it_says(bench: Workbench, site: Site) -> None:
    site.files[INK] = lora()
    site.faults[INK] = Fault(status=429, headers={"Retry-After": "0.01"}, times=3)
    assert (await bench.install(site.web + INK)).status is InstallStatus.COMPLETED


async def test_without_a_length_it_may_not_be_endless(
    bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files[INK] = lora()
    site.faults[INK] = Fault(no_length=True)
    job = await bench.install(site.web + INK)
    assert job.status is InstallStatus.COMPLETED, job.error
    await bench.models.remove(job.job_id, delete_files=True)
    site.faults[INK] = Fault(endless=True)
    monkeypatch.setattr(download, "UNANNOUNCED_LIMIT", 10**6)
    assert (await bench.failure(site.web + INK))[0] == "too_long"


@pytest.mark.parametrize("fault", [Fault(pad=100), Fault(endless=True), Fault(body=b"short")])
async def test_a_length_other_than_the_hubs(bench: Workbench, site: Site, fault: Fault) -> None:
    site.repository("org/Ink", {"ink.safetensors": lora()})
    site.faults[f"/org/Ink/resolve/{SHA}/ink.safetensors"] = fault
    code, _ = await bench.failure("org/Ink")
    assert code in ("wrong_length", "too_long")


async def test_a_checksum_other_than_the_sites(bench: Workbench, site: Site) -> None:
    civitai(site, lora(), sha256="0" * 64)
    code, words = await bench.failure("civitai.com/models/123")
    assert code == "wrong_hash"
    assert "damaged" in words
    [folder] = (bench.models.folder / ".downloads").iterdir()
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["job.json"]


async def test_a_gated_or_unknown_repository(bench: Workbench, site: Site) -> None:
    listing = "/api/models/org/Painter/revision/main"
    for headers, code in (
        ({"X-Error-Code": "GatedRepo"}, "gated"),
        ({"X-Error-Code": "RepoNotFound"}, "unauthorised"),
    ):
        site.faults[listing] = Fault(status=401, headers=headers)
        assert (await bench.failure("org/Painter"))[0] == code
    site.faults[listing] = Fault(status=429)
    assert (await bench.failure("org/Painter"))[0] == "hub_unreachable"


async def test_one_bad_file_of_many(bench: Workbench, site: Site) -> None:
    site.repository("org/Painter", pipeline())
    site.faults[f"/org/Painter/resolve/{SHA}/unet/config.json"] = Fault(status=403)
    assert (await bench.failure("org/Painter"))[0] == "forbidden"
    del site.faults[f"/org/Painter/resolve/{SHA}/unet/config.json"]
    [job] = bench.installs.jobs()
    await bench.installs.resume(job.job_id)
    assert (await bench.finished(job.job_id)).status is InstallStatus.COMPLETED


async def test_a_repository_with_names_that_leave_the_folder(bench: Workbench, site: Site) -> None:
    site.repository("org/Evil", pipeline() | {"unet/../../../evil_config.json": b"{}"})
    assert (await bench.failure("org/Evil"))[0] == "unsafe_name"


async def test_no_room(bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files[INK] = lora()
    monkeypatch.setattr(run, "free_bytes", lambda folder: run.RESERVE + 1000)
    code, words = await bench.failure(site.web + INK)
    assert code == "disk_full"
    assert f"{run.RESERVE + len(lora()):,} bytes are needed" in words
    assert len(site.requests(INK)) == 1  # the look at the head


async def test_private_addresses_are_refused(
    bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files[INK] = lora()
    site.repository("org/Painter", pipeline())
    await bench.stop()
    await bench.start(allow_private_download_urls=False)
    port = site.web.rsplit(":", 1)[1]
    for host in ("localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "127.0.0%2e1"):
        code, words = await bench.failure(f"http://{host}:{port}{INK}")
        assert code in ("forbidden_address", "download_failed"), host
        assert "allow_private_download_urls" in words or code == "download_failed"
    assert (await bench.failure("org/Painter"))[0] == "forbidden_address"
    assert site.asked == []


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_token_stays_with_its_host_and_is_written_nowhere(
    bench: Workbench, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site.files["/cdn/ink.safetensors"] = lora()
    site.faults[INK] = Fault(status=302, headers={"Location": f"{site.url}/cdn/ink.safetensors"})
    site.faults["/cdn/ink.safetensors"] = Fault(cut=9000)
    await bench.stop()
    await bench.start(remote_api_tokens=[{"url_regex": site.web, "token": CANARY}])
    await bench.failure(site.web + INK)
    assert {headers.get("authorization") for headers in site.requests(INK)} == {f"Bearer {CANARY}"}
    assert {"authorization" in headers for headers in site.requests("/cdn/ink.safetensors")} == {False}
    in_the_address = await bench.installs.start(
        InstallRequest(source=f"{site.web}/two/ink.safetensors?token={CANARY}x&a=1")
    )
    await bench.finished(in_the_address.jobs[0].job_id)
    [asked] = [headers for _, path, headers in site.asked if path == "/two/ink.safetensors?a=1"]
    assert asked["authorization"] == f"Bearer {CANARY}x"
    site.faults.clear()
    [job] = [job for job in bench.installs.jobs() if job.source == site.web + INK]
    await bench.installs.resume(job.job_id)
    site.faults[INK] = Fault(status=302, headers={"Location": f"{site.url}/cdn/ink.safetensors"})
    assert (await bench.finished(job.job_id)).status is InstallStatus.COMPLETED
    shutil.rmtree(bench.root / "home", ignore_errors=True)
    assert CANARY.encode() not in stored(bench.root)
    assert CANARY not in caplog.text
    assert CANARY not in repr(bench.events)
    assert not any(CANARY in path for _, path, _ in site.asked)


async def test_the_hubs_token_goes_to_the_hub_alone(bench: Workbench, site: Site) -> None:
    site.repository("org/Ink", {"ink.safetensors": lora()})
    bench.environment["HF_TOKEN"] = CANARY
    site.files[INK] = lora(seed=5)
    assert (await bench.install("org/Ink")).status is InstallStatus.COMPLETED
    assert (await bench.install(site.web + INK)).status is InstallStatus.COMPLETED
    sent = {path.partition("?")[0]: headers.get("authorization") for _, path, headers in site.asked}
    assert sent["/api/models/org/Ink/revision/main"] == f"Bearer {CANARY}"
    assert sent[f"/org/Ink/resolve/{SHA}/ink.safetensors"] == f"Bearer {CANARY}"
    assert sent[INK] is None


async def test_pause_resume_and_cancel(bench: Workbench, site: Site) -> None:
    site.repository("org/Painter", pipeline())
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    site.hold.clear()
    site.on_answer = lambda _path, _sent: loop.call_soon_threadsafe(started.set)
    answer = await bench.installs.start(InstallRequest(source="org/Painter"))
    await started.wait()
    job = await bench.installs.pause(answer.jobs[0].job_id)
    assert job.status is InstallStatus.PAUSED
    assert bench.installs.active == 0
    site.hold.set()
    await bench.installs.resume(job.job_id)
    assert (await bench.finished(job.job_id)).status is InstallStatus.COMPLETED
    site.files[INK] = lora(seed=9)
    site.hold.clear()
    started.clear()
    answer = await bench.installs.start(InstallRequest(source=site.web + INK))
    await started.wait()
    job = await bench.installs.cancel(answer.jobs[0].job_id)
    site.hold.set()
    assert job.status is InstallStatus.CANCELLED
    assert list((bench.models.folder / ".downloads").iterdir()) == []
    assert await bench.installs.prune() == 2
    assert bench.installs.jobs() == []


async def test_jobs_survive_the_daemon(bench: Workbench, site: Site) -> None:
    site.files |= {INK: lora(), "/files/b.safetensors": lora(seed=2), "/files/c.safetensors": lora(seed=3)}
    site.faults = {
        INK: Fault(cut=9000, times=2),
        "/files/b.safetensors": Fault(status=403),
    }
    failed = await bench.install(site.web + "/files/b.safetensors")
    site.hold.clear()
    going = await bench.installs.start(InstallRequest(source=site.web + INK, name="Mine"))

    async def begun() -> bool | None:
        return bool(list((bench.models.folder / ".downloads").rglob("ink.safetensors.part"))) or None

    await until(begun)
    await bench.stop()
    site.hold.set()
    (bench.models.folder / ".downloads" / "torn").mkdir()
    await bench.start()
    job = await bench.finished(going.jobs[0].job_id)
    assert job.model is not None, job.error
    assert (job.model.name, Path(job.model.path).read_bytes()) == ("Mine", lora())
    assert bench.installs.job(failed.job_id).status is InstallStatus.ERROR
    assert [path.name for path in (bench.models.folder / ".downloads").iterdir()] == [failed.job_id]


async def test_a_model_that_was_placed_and_not_registered(
    bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files[INK] = lora()

    async def broken(*_: object, **__: object) -> None:
        raise errors.DownloadError("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(bench.models, "add", broken)
        await bench.failure(site.web + INK)
    [job] = bench.installs.jobs()
    await bench.installs.resume(job.job_id)
    assert (await bench.finished(job.job_id)).status is InstallStatus.COMPLETED
    assert len(site.requests(INK)) == 2


async def test_proxies_are_the_configurations_and_never_the_environments(
    bench: Workbench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.repository("org/Ink", {"ink.safetensors": lora()})
    assert (await bench.install("org/Ink")).status is InstallStatus.COMPLETED
    await bench.stop()
    await bench.start(allow_private_download_urls=False, download_proxy=site.url)
    site.files[INK] = lora(seed=2)
    job = await bench.install(f"http://models.invalid{INK}")
    assert job.status is InstallStatus.COMPLETED, job.error
    assert site.asked[-1][1] == f"http://models.invalid{INK}"
    job = await bench.install(f"http://127.0.0.1:1{INK}")
    assert job.error is not None
    assert job.error.code == "forbidden_address"


async def test_rate_and_time_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = 0.0
    monkeypatch.setattr(job_module.time, "monotonic", lambda: clock)
    wanted = Wanted(url="https://a/b.ckpt", path="b.ckpt", size=1000, exact=True)
    plan = Plan(source="https://a/b.ckpt", source_type="url", files=(wanted,))
    saved = job_module.Saved(
        job_id="1",
        request=InstallRequest(source=plan.source),
        status=InstallStatus.DOWNLOADING,
        created_at=job_module.now(),
        plan=plan,
    )
    job = job_module.Job(saved, WebFile(plan.source), tmp_path)
    assert (job.record().rate, job.record().eta, job.left) == (None, None, 1000)
    for clock in range(10):
        job.progress("b.ckpt", clock * 50, None)
    record = job.record()
    assert (record.bytes_done, record.bytes_total, record.rate, record.eta) == (450, 1000, 50.0, 11.0)
    job.start_over()
    assert job.record().rate is None
