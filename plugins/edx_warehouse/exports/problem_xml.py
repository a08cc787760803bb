"""What the XML of a problem tells about it."""

from typing import Any
from xml.etree.ElementTree import Element

_KINDS = frozenset(
    {
        "choiceresponse",
        "customresponse",
        "formularesponse",
        "multiplechoiceresponse",
        "numericalresponse",
        "optionresponse",
        "stringresponse",
    }
)
_LAST_RESORT = "fieldset"  # old problems have bare form fields; elsewhere it is only layout
_LONG_SOLUTION = 65


def problem_data(problem: Element) -> dict[str, Any]:
    """Return ``itype``, ``num_items``, ``has_solution`` and ``has_image``; nothing for a problem without a body."""
    if not len(problem):
        return {}
    items = [element.tag for element in problem.iter() if element.tag in _KINDS]
    items = items or [element.tag for element in problem.iter(_LAST_RESORT)]
    kinds = set(items)
    data: dict[str, Any] = {}
    if kinds:
        data["itype"] = kinds.pop() if len(kinds) == 1 else "mixed"
    data["num_items"] = len(items)
    data["has_solution"] = any(
        len(" ".join("".join(solution.itertext()).split())) > _LONG_SOLUTION or solution.find(".//img") is not None
        for solution in problem.iter("solution")
    )
    data["has_image"] = problem.find(".//img") is not None
    return data
