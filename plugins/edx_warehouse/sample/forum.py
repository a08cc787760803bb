"""What a forum logs: requests by their path, newer events by their name, and visits made of them."""

from collections.abc import Mapping

_AJAX = {"ajax": ["1"], "resp_limit": ["25"]}
_THREAD = "/discussion/forum/{{topic}}/threads/{{thread}}"
_THREAD_VERBS = (
    "reply",
    "upvote",
    "unvote",
    "downvote",
    "update",
    "delete",
    "close",
    "pin",
    "unpin",
    "follow",
    "unfollow",
)
_COMMENT_VERBS = ("reply", "upvote", "unvote", "downvote", "update", "delete", "endorse")
FORUM_PATHS: Mapping[str, tuple[str, object, object]] = {
    "forum": ("/discussion/forum", {"ajax": ["1"], "page": ["1"], "sort_key": ["date"]}, {}),
    "forum_inline": ("/discussion/forum/{{topic}}/inline", {"page": ["1"]}, {}),
    "forum_thread": (_THREAD, _AJAX, {}),
    "forum_thread_inline": (f"{_THREAD}/inline", {}, {}),
    "forum_read": (_THREAD, {}, {}),
    "forum_read_on": (f"{_THREAD}?resp_skip=25", {"resp_skip": ["25"]}, {}),
    "forum_search": (
        "/discussion/forum/search",
        {"text": ["why"], "child-id": ["1"], "$oid": ["x.y"], "1st": [""]},
        {},
    ),
    "forum_user": ("/discussion/forum/users/{{peer}}", {"ajax": ["1"]}, {}),
    "user_followed": ("/discussion/users/{{peer}}/followed", {}, {}),
    "user_nobody": ("/discussion/users/nobody/active", {}, {}),
    "create_thread": ("/discussion/{{topic}}/threads/create", {}, {"title": ["Why?"], "body": ["Why is it 42?"]}),
    "flag_thread": ("/discussion/threads/{{thread}}/flagAbuse", {}, {}),
    "forum_members": ("/instructor/api/list_forum_members", {"rolename": ["Moderator"]}, {}),
    **{f"{verb}_thread": (f"/discussion/threads/{{{{thread}}}}/{verb}", {}, {}) for verb in _THREAD_VERBS},
    **{f"{verb}_comment": (f"/discussion/comments/{{{{comment}}}}/{verb}", {}, {}) for verb in _COMMENT_VERBS},
}
_ABOUT_THREAD = {"id": "{{thread}}", "commentable_id": "{{topic}}", "url": "{{forum_url}}"}
_ANSWER = {"commentable_id": "{{topic}}", "discussion": {"id": "{{thread}}"}, "body": "See the second unit."}
FORUM_NAMES: Mapping[str, dict[str, object]] = {
    "edx.forum.thread.created": {
        **_ABOUT_THREAD,
        "title": "Why?\u2028Or why not",
        "body": "Why is it 42? Très étrange.",
        "thread_type": "question",
        "options": {"followed": True},
    },
    "edx.forum.response.created": {"id": "{{comment}}", **_ANSWER, "options": {"followed": False}},
    "edx.forum.comment.created": {"id": "{{comment}}", **_ANSWER, "response": {"id": "{{comment}}"}},
    "edx.forum.searched": {"query": "why, or why not", "page": 1, "total_results": 0, "corrected_text": None},
    "edx.forum.thread.viewed": {**_ABOUT_THREAD, "title": "Why?"},
    "edx.forum.thread.voted": {**_ABOUT_THREAD, "vote_value": "up", "undo_vote": "{{#undo}}"},
    "edx.forum.response.voted": {"id": "{{comment}}", **_ANSWER, "vote_value": "up", "undo_vote": "{{#undo}}"},
    "edx.forum.thread.reported": {**_ABOUT_THREAD, "target_username": "{{user}}"},
}
# Taken in turn, so that a small course sees them all; a new post is written where one of CREATED is.
VISITS: tuple[tuple[str, ...], ...] = (
    ("forum", "create_thread", "edx.forum.thread.created"),
    ("forum_inline", "forum_thread", "edx.forum.thread.viewed", "upvote_thread", "edx.forum.thread.voted"),
    ("progress",),
    ("forum_read", "reply_thread", "edx.forum.response.created", "follow_thread", "unfollow_thread"),
    ("forum_search", "edx.forum.searched", "forum_user", "user_followed", "user_nobody"),
    ("textbook.pdf.zoom.buttons.changed", "wiki"),
    ("forum_thread_inline", "reply_comment", "edx.forum.comment.created", "upvote_comment", "edx.forum.response.voted"),
    ("forum_read_on", "update_thread", "flag_thread", "edx.forum.thread.reported", "unvote_comment", "endorse_comment"),
    ("forum", "unvote_thread", "downvote_thread", "close_thread", "pin_thread", "unpin_thread", "forum_members"),
    ("forum_thread", "downvote_comment", "update_comment", "delete_comment", "delete_thread"),
)
