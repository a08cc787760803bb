"""Invented learners: nobody here exists, and no address can be delivered."""

from dataclasses import dataclass
from random import Random

from edx_warehouse.sample.files import midnight
from edx_warehouse.sample.plan import Plan

_FIRST = (  # noqa: SIM905 - a list of names reads better as text
    "Ada Aiko Amara Anouk Ben Björn Carmen Chidi Dana Diego Elif Emeka Fatima Finn Grace Hana Ines Ivan Jonas Kavya "
    "Laleh Liam Mai Mateo Nadia Noor Olga Omar Priya Quinn Rosa Sami Sofía Tariq Uma Viktor Wen Ximena Yusuf Zoë 明 Łucja"
).split()
_LAST = (  # noqa: SIM905
    "Abara Almeida Bakker Bianchi Chen Costa Dubois Eriksen Farouk García Haddad Ito Jansen Kaya Kowalski Lindqvist "
    "Mbeki Moreau Nakamura Novák O'Neil Okafor Papadakis Quispe Rahman Rossi Sato Silva Smirnova Tanaka Usman Vargas "
    "Weiß Xu Yilmaz Zhang"
).split()
_COUNTRIES = ("US", "US", "IN", "IN", "GB", "BR", "CN", "DE", "NG", "ES", "FR", "CA", "EG", "MX", "JP", "KE", "PK")
_CITIES = ("Springfield", "Port Clarence", "Nova Aldeia", "São Lourenço", "東町", "Al-Nahr", "Old\tHarbour", "")
_EDUCATION = ("p", "m", "m", "b", "b", "b", "a", "hs", "hs", "jhs", "el", "none", "other", "p_se", "", "NULL")
_TEXTS = (
    "",
    "NULL",
    "Learn something new",
    'Says "hello", then\tgoes on\nin a second line',
    "C:\\courses\\new\\table \\N \\t",
    "first part\rsecond part",
    "naïve café, 学ぶこと 🎓 \u2028 done\u0085",
    "commas, semicolons; 'quotes' and a trailing backslash\\",
)
_AGENTS = (
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/38.0.2125.111 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10) AppleWebKit/600.1.25 (KHTML, like Gecko) Version/8.0 Safari/600.1.25",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:33.0) Gecko/20100101 Firefox/33.0",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0)",
    "Mozilla/5.0 (iPad; CPU OS 8_1 like Mac OS X) AppleWebKit/600.1.4 (KHTML, like Gecko) Version/8.0 Mobile/12B410 Safari/600.1.4",
    "Mozilla/5.0 (Linux; Android 4.4.2; SM-T530) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/38.0.2125.102 Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Learner:
    """An account on the platform, with what its owner told."""

    user_id: int
    username: str
    name: str
    email: str
    country: str
    city: str
    gender: str
    year_of_birth: int | None
    education: str
    goals: str
    bio: str
    joined: int
    ip: str
    agent: str
    staff: bool


def learners(plan: Plan) -> list[Learner]:
    """Return ``plan.learners`` learners, the first two of them course staff, in the order of their ids."""
    random = Random(f"{plan.seed} people")  # noqa: S311 - an invented world, not a secret
    return [_learner(number, random, plan) for number in range(plan.learners)]


def _learner(number: int, random: Random, plan: Plan) -> Learner:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    ascii_name = "".join(letter for letter in f"{first}{last}".lower() if letter.isascii() and letter.isalnum())
    username = f"{ascii_name or 'learner'}{random.choice(('', '_', '-'))}{number + 1}"
    return Learner(
        user_id=100_000 + number * 17 + random.randrange(17),
        username=username,
        name=f"{first} {last}",
        email=f"{username}@{random.choice(('example.com', 'example.org', 'mail.example.org'))}",
        country=random.choice(_COUNTRIES),
        city=random.choice(_CITIES),
        gender=random.choice(("m", "m", "f", "f", "o", "", "NULL")),
        year_of_birth=random.choice((None, *range(1950, 2001))),
        education=random.choice(_EDUCATION),
        goals=random.choice(_TEXTS),
        bio=random.choice(_TEXTS),
        joined=midnight(plan.launch) - random.randrange(1, 400 * 86400),
        ip=f"{random.choice(('192.0.2', '198.51.100', '203.0.113'))}.{random.randrange(1, 255)}",
        agent=random.choice(_AGENTS),
        staff=number < 2,
    )
