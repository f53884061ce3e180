"""Memory of the app after many visitors who each upload pictures and leave.

python benchmarks/upload_sessions.py --sessions 500
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from app_process import AppProcess, connection
from load_test import Screen, Visitor
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

SAMPLE = Path(__file__).parents[1] / "galaxy_explorer" / "sample"
AT_ONCE = 4
WARM_UP = 20  # sessions after which caches that all visitors share are full
LEAVE_S = 75.0  # after which the app has closed the sessions of visitors who have left
WANTED = 0.10  # growth of the resident memory


async def upload(server: str, pictures: dict[str, bytes]) -> list[str]:
    """Upload pictures as one visitor, wait for their predictions, and return the errors shown."""
    async with connection(server) as socket:
        visitor = Visitor(server, socket)
        await visitor.run()
        screen = await visitor.run(page="upload")
        request = BackMsg()
        request.file_urls_request.file_names.extend(pictures)
        await socket.send(request.SerializeToString())
        answer = ForwardMsg()
        while answer.WhichOneof("type") != "file_urls_response":
            answer.ParseFromString(await socket.recv())
        widgets = BackMsg()
        widgets.rerun_script.page_script_hash = visitor.browser.pages["upload"]
        state = widgets.rerun_script.widget_states.widgets.add()
        state.id = next(uploaders(screen))
        for urls, (name, content) in zip(answer.file_urls_response.file_urls, pictures.items(), strict=True):
            await asyncio.to_thread(put, server, urls.upload_url, name, content)
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.file_id, info.name, info.size = urls.file_id, name, len(content)
            info.file_urls.CopyFrom(urls)
        return (await visitor.send(widgets)).errors


def uploaders(screen: Screen) -> Iterator[str]:
    """Yield the widget ids of the uploaders of a page."""
    for element in screen.elements:
        if element.WhichOneof("type") == "file_uploader":
            yield element.file_uploader.id


def put(server: str, path: str, name: str, content: bytes) -> None:
    """Upload a file as a browser does."""
    with requests.Session() as session:
        session.get(f"{server}/_stcore/health", timeout=60)
        token = {"X-Xsrftoken": session.cookies["_streamlit_xsrf"] or ""}
        session.put(server + path, files={"file": (name, content)}, headers=token, timeout=60).raise_for_status()


async def visitors(server: str, count: int) -> list[str]:
    """Run visitors who upload, a few at once, and return the errors shown."""
    turn = asyncio.Semaphore(AT_ONCE)
    files = sorted(SAMPLE.glob("*.jpg"))

    async def one(number: int) -> list[str]:
        path = files[number % len(files)]
        # Four bytes more behind each picture: no two visitors have equal files.
        content = path.read_bytes() + number.to_bytes(4, "big")
        async with turn:
            return await upload(server, {f"{number}-{path.name}": content})

    return [error for errors in await asyncio.gather(*map(one, range(count))) for error in errors]


def main(arguments: list[str] | None = None) -> int:
    """Print the resident memory before and after; return 1 if it grew much, or after an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=500, metavar="N", help="visitors (%(default)s)")
    count = parser.parse_args(arguments).sessions
    with AppProcess(os.environ) as app:
        errors = asyncio.run(visitors(app.url, WARM_UP))
        time.sleep(LEAVE_S)
        before = app.resident_megabytes()
        errors += asyncio.run(visitors(app.url, count))
        at_the_end = app.resident_megabytes()
        time.sleep(LEAVE_S)
        after = app.resident_megabytes()
    print(
        f"memory: {before:.0f} MiB after {WARM_UP} visitors, {at_the_end:.0f} MiB when {count} more had left,", end=" "
    )
    print(f"{after:.0f} MiB after {LEAVE_S:.0f} s: {after / before - 1:+.1%} (wanted: within {WANTED:.0%})")
    print(f"errors: {len(errors)}", *sorted(set(errors))[:10], sep="\n  ")
    return int(bool(errors) or abs(after / before - 1) > WANTED)


if __name__ == "__main__":
    sys.exit(main())
