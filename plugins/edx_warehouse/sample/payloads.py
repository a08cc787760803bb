"""What events carry, family by family: payloads, paths and names, with holes as in :mod:`templates`."""

from collections.abc import Mapping

from edx_warehouse.sample.forum import FORUM_NAMES, FORUM_PATHS

_ANSWERS = ("choice_1", ["choice_0", "choice_2"])
_VIDEO = {"id": "{{html}}", "code": "{{youtube}}"}
_AT = {**_VIDEO, "currentTime": "{{#at}}"}
_TRANSCRIPT = "/xblock/{{usage}}/handler/transcript"
BROWSER: Mapping[str, object] = {
    "load_video": _VIDEO,
    "play_video": _AT,
    "pause_video": _AT,
    "stop_video": _AT,
    "seek_video": {**_VIDEO, "old_time": "{{#at}}", "new_time": "{{#at2}}", "type": "onSlideSeek"},
    "speed_change_video": {**_VIDEO, "current_time": "{{#at}}", "old_speed": "1.0", "new_speed": "1.50"},
    "speed_change_video_nan": {**_VIDEO, "current_time": "{{nan}}", "old_speed": "1.0", "new_speed": "{{nan}}"},
    "show_transcript": {**_VIDEO, "current_time": "{{#at}}"},
    "hide_transcript": {**_VIDEO, "current_time": "{{#at}}"},
    "seq_goto": {"id": "{{seq_id}}", "old": 1, "new": "{{#position}}"},
    "seq_next": {"id": "{{seq_id}}", "old": 1, "new": 2},
    "seq_prev": {"id": "{{seq_id}}", "old": 2, "new": "1"},
    "problem_show": {"problem": "{{block}}"},
    "show_answer": {"problem_id": "{{block}}"},
    "edx.ui.lms.link_clicked": {"current_url": "https://courses.edx.org/dashboard", "target_url": "#main"},
    "download_clicked": {"current_url": "https://courses.edx.org", "target_url": "{{download}}"},
    "book": {"type": "gotopage", "old": 3, "new": "{{#position}}", "chapter": "/static/book.pdf"},
    "page_close": {},
}
PLAIN: Mapping[str, object] = {
    "problem_check": "input_{{html}}_2_1=choice_1&input_{{html}}_3_1%5B%5D=choice_0&input_{{html}}_3_1%5B%5D=choice_2",
    "problem_graded": [
        "input_{{html}}_2_1=choice_1",
        '<div id="problem_{{html}}"><h2 class="problem-header">Check your understanding</h2>'
        '<section class="problem-progress">(1/1 point)</section><p class="status">\u00a0✓ correct</p></div>',
    ],
    "textbook.pdf.zoom.buttons.changed": "",
}
_LONG = {f"input_{number}_1": "an answer of several words, which goes on" for number in range(2, 14)}
IMPLICIT: Mapping[str, tuple[str, object, object]] = {
    "info": ("/info", {}, {}),
    "courseware": ("/courseware/{{chapter}}/{{sequential}}/", {}, {}),
    "progress": ("/progress", {}, {}),
    "wiki": ("/wiki/start/", {}, {}),
    **FORUM_PATHS,
    "xblock_get": ("/xblock/{{usage}}/handler/xmodule_handler/problem_get", {}, {}),
    "xblock_check": ("/xblock/{{usage}}/handler/xmodule_handler/problem_check", {}, _LONG),
    "xblock_state": (
        "/xblock/{{usage}}/handler/xmodule_handler/save_user_state",
        {},
        {"saved_video_position": ["00:01:02"]},
    ),
    "xblock_position": ("/xblock/{{seq_id}}/handler/xmodule_handler/goto_position", {}, {"position": ["2"]}),
    "transcript": (f"{_TRANSCRIPT}/translation/{{{{lang}}}}", {"videoId": ["{{youtube}}"]}, {}),
    "transcript_query": (f"{_TRANSCRIPT}/translation/{{{{lang}}}}?videoId={{{{youtube}}}}", {}, {}),
    "transcript_download": (f"{_TRANSCRIPT}/download", {}, {}),
}
TYPES = {
    "speed_change_video_nan": "speed_change_video",
    "problem_check_server": "problem_check",
    "download_clicked": "edx.ui.lms.link_clicked",
    "enrolled": "edx.course.enrollment.activated",
    "synthesised": "edx.course.enrollment.activated",
    "mode_changed": "edx.course.enrollment.mode_changed",
    "returned": "edx.course.enrollment.mode_changed",
    "upgraded": "edx.course.enrollment.upgrade.succeeded",
    "left": "edx.course.enrollment.deactivated",
}
MODERN_NAMES = {
    "seq_goto": "edx.ui.lms.sequence.tab_selected",
    "seq_next": "edx.ui.lms.sequence.next_selected",
    "seq_prev": "edx.ui.lms.sequence.previous_selected",
}


def server_payload(kind: str, course_id: str) -> dict[str, object]:
    """Return the payload of an explicit server event."""
    if kind in ("problem_check_server", "save_problem_check", "problem_check_fail"):
        return _checked(kind)
    if kind == "showanswer":
        return {"problem_id": "{{block}}"}
    if kind in FORUM_NAMES:
        return FORUM_NAMES[kind]
    payload: dict[str, object] = {"course_id": course_id, "user_id": "{{#uid}}", "mode": "{{mode}}"}
    if kind == "synthesised":
        payload["synthesized"] = {"synthesizer": "enrollment_from_validation", "reason": "start => validate(active)"}
    return payload


def _checked(kind: str) -> dict[str, object]:
    names = ["{{html}}_2_1", "{{html}}_3_1"]
    if kind == "problem_check_fail":
        return {
            "problem_id": "{{block}}",
            "answers": dict(zip(names, _ANSWERS, strict=True)),
            "failure": "closed",
            "state": {"seed": 1, "done": True, "correct_map": {}, "student_answers": {}, "input_state": {}},
        }
    verdict = {
        "correctness": "{{verdict}}",
        "npoints": None,
        "msg": "",
        "hint": "",
        "hintmode": None,
        "queuestate": None,
    }
    return {
        "submission": {
            name: {
                "question": "What follows from what the last unit said?",
                "answer": answer,
                "response_type": "{{kind}}",
                "input_type": "checkboxgroup",
                "correct": "{{#correct}}",
                "variant": "",
            }
            for name, answer in zip(names, _ANSWERS, strict=True)
        },
        "success": "{{verdict}}",
        "grade": "{{#grade}}",
        "correct_map": dict.fromkeys(names, verdict),
        "state": {
            "student_answers": {},
            "seed": 1,
            "done": None,
            "correct_map": {},
            "input_state": {name: {} for name in names},
        },
        "answers": dict(zip(names, _ANSWERS, strict=True)),
        "attempts": "{{#attempts}}",
        "max_grade": "{{#max_grade}}",
        "problem_id": "{{block}}",
    }
