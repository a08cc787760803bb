"""Log lines as templates: each kind of event of a course is written out once, and filled in ever after.

In a template ``{{name}}`` stands for text and ``"{{#name}}"`` for a number, also inside JSON that is text in JSON.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from edx_warehouse.sample.courses import SampleCourse
from edx_warehouse.sample.payloads import BROWSER, IMPLICIT, MODERN_NAMES, PLAIN, TYPES, server_payload
from edx_warehouse.sample.sessions import MOBILE

_HOLE = re.compile(r'(\\*")\{\{#(\w+)\}\}\1|\{\{(\w+)\}\}')
_LIMIT = 512  # the platform cuts the text of implicit events here


def template(line: Mapping[str, object], *, ascii_only: bool = True) -> str:
    """Return the line as JSON text for ``%`` with a mapping of the holes' values."""
    text = json.dumps(line, ensure_ascii=ascii_only).replace("%", "%%")
    return _HOLE.sub(lambda match: f"%({match[2] or match[3]})s", text)


class Templates:
    """The templates of one course on one site, made when first asked for.

    Styles: ``new``, ``old`` (before 2014), ``other`` (the course's other id spelling) and the irregular contexts
    ``none``, ``blank``, ``null``, ``padded``, ``junk``.
    """

    def __init__(self, course: SampleCourse, site: str) -> None:
        self.course = course
        self.host = "courses.edx.org" if site == "prod" else "edge.edx.org"
        self._made: dict[tuple[str, str], str] = {}

    def __call__(self, kind: str, style: str) -> str:
        """Return the template of a kind of event."""
        made = self._made.get((kind, style))
        if made is None:
            made = self._made[kind, style] = self._make(kind, style)
        return made

    def _make(self, kind: str, style: str) -> str:
        course_id = self.course.other_id if style == "other" else self.course.course_id
        path = f"/courses/{quote(course_id, safe='/:') if style == 'other' else course_id}"
        if kind in IMPLICIT:
            tail, get, post = IMPLICIT[kind]
            return self._implicit(path, tail, get, post, course_id, style)
        if kind in MOBILE:
            return self._mobile(kind, course_id)
        if kind in BROWSER:
            payload = json.dumps(BROWSER[kind]).replace('"{{nan}}"', "NaN")
            return self._line(TYPES.get(kind, kind), payload, path, course_id, style, source="browser")
        if kind in PLAIN:
            return self._line(kind, PLAIN[kind], path, course_id, style, source="browser")
        return self._line(
            TYPES.get(kind, kind), server_payload(kind, course_id), path, course_id, style, source="server"
        )

    def _implicit(self, path: str, tail: str, get: object, post: object, course_id: str, style: str) -> str:
        text = json.dumps({"POST": post, "GET": get})[:_LIMIT]
        return self._line(path + tail, text, path, course_id, style, source="server", module="/xblock/" in tail)

    def _line(
        self, event_type: str, event: object, path: str, course_id: str, style: str, *, source: str, module: bool = True
    ) -> str:
        page = f"https://{self.host}{path}/courseware/{{{{chapter}}}}/{{{{sequential}}}}/"
        browser = source == "browser"
        where = "/event" if browser else (event_type if event_type.startswith("/") else f"{path}/xblock/{{{{block}}}}")
        line: dict[str, object] = {
            "username": "{{user}}",
            "event_type": event_type,
            "ip": "{{ip}}",
            "agent": "{{agent}}",
            "host": self.host,
            "referer": page,
            "accept_language": "en-US,en;q=0.8,pt-BR;q=0.6,zh-CN;q=0.4",
            "session": "{{session}}",
            "name": MODERN_NAMES.get(event_type, event_type),
            "event": event,
            "event_source": source,
            "context": self._context(course_id, where, style, module and not browser),
            "time": "{{time}}",
            "page": page if browser else (None if event_type.startswith("/") else "x_module"),
        }
        if style == "old":
            for missing in ("name", "referer", "accept_language"):
                del line[missing]
        if style == "none":
            del line["context"]
        return template(line)

    def _mobile(self, kind: str, course_id: str) -> str:
        older = kind == "mobile"
        position = "currentTime" if older else "current_time"
        event = {"id": "{{html}}", "code": "mobile", position: "{{#at}}", "duration": 312.5}
        context = {
            "user_id": "{{#uid}}",
            "org_id": self.course.key.org,
            "course_id": course_id,
            "path": "/segmentio/event",
            "course_user_tags": {},
            "component": "videoplayer",
            "received_at": "{{received}}",
            "open_in_browser_url": f"https://{self.host}/courses/{course_id}/courseware/{{{{chapter}}}}/{{{{sequential}}}}/1",
            "application": {"name": "edx.mobileapp.android", "version": "2.0.3"},
            "client": {
                "app": {"build": "2503", "versionName": "2.0.3"},
                "device": {"manufacturer": "Invented", "model": "Phone 1", "type": "android"},
                "locale": "en-US",
                "network": {"wifi": False, "carrier": "Nobody", "cellular": True},
                "os": {"name": "Android", "version": "4.4.2"},
                "screen": {"density": 2, "height": 1184, "width": 720},
                "timezone": "America/New_York",
                "userAgent": "Dalvik/1.6.0 (Linux; U; Android 4.4.2; Phone 1)",
            },
        }
        return template(
            {
                "username": "{{user}}",
                "event_type": "play_video" if older else kind,
                "ip": "{{ip}}, 10.0.0.1",
                "agent": "Dalvik/1.6.0 (Linux; U; Android 4.4.2; Phone 1)",
                "host": self.host,
                "session": "",
                "event": json.dumps(event),
                "event_source": "mobile",
                "context": context,
                "time": "{{time}}",
                "name": "edx.video.played" if older else kind,
                "page": f"http://{self.host}/courses/{course_id}/courseware/{{{{chapter}}}}/{{{{sequential}}}}/1",
            }
        )

    def _context(self, course_id: str, where: str, style: str, module: bool) -> dict[str, object]:
        spelled: dict[str, str | None] = {
            "blank": "",
            "null": None,
            "padded": f"{course_id}\n",
            "junk": f"{self.course.key.org}/{self.course.key.course}",
        }
        context: dict[str, object] = {
            "user_id": "{{#uid}}",
            "org_id": self.course.key.org,
            "course_id": spelled.get(style, course_id),
            "path": where,
            "course_user_tags": {
                "xblock.partition_service.partition_1": "1",
                "xblock.partition_service.partition_2": "0",
            },
            "asides": {},
        }
        if module:
            context["module"] = {"display_name": "Check your understanding", "usage_key": "{{block}}"}
        if style == "old":
            del context["path"], context["course_user_tags"], context["asides"]
            context |= {"username": "{{user}}", "ip": "{{ip}}", "agent": "{{agent}}", "host": self.host}
            context["session"] = "{{session}}"
        return context


def elsewhere() -> list[str]:
    """Return templates of lines which belong to no registered course: site pages, other organisations, junk ids."""
    made = []
    for event_type, course_id, event in (
        ("/dashboard", "", '{"POST": {}, "GET": {}}'),
        ("/login_ajax", "", '{"POST": {"remember": ["false"]}, "GET": {}}'),
        ("edx.user.settings.changed", None, {"setting": "language", "old": "en", "new": "fr", "user_id": "{{#uid}}"}),
        ("/courses/", "course-v1:", '{"POST": {}, "GET": {}}'),
        ("/favicon.ico", "junk id; not a course", ""),
        ("page_close", "BerkeleyX/CS188x/2013_Fall", "{}"),
        (
            "/courses/course-v1:DelftX+CTB3365x+2T2014/info",
            "course-v1:DelftX+CTB3365x+2T2014",
            '{"POST": {}, "GET": {}}',
        ),
    ):
        server = event_type != "page_close"
        context = {
            "user_id": "{{#uid}}",
            "org_id": "",
            "course_id": course_id,
            "path": event_type if server else "/event",
        }
        line = {
            "username": "{{user}}",
            "event_type": event_type,
            "ip": "{{ip}}",
            "agent": "{{agent}}",
            "host": "courses.edx.org",
            "referer": "https://www.edx.org/",
            "session": "{{session}}",
            "event": event,
            "event_source": "server" if server else "browser",
            "context": context,
            "time": "{{time}}",
            "page": None if server else "https://courses.edx.org/dashboard",
        }
        made.append(template(line))
    return made
