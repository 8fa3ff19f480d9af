"""A function of the API: its effect, its parameters and their places in both protocols, its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from airflow_provider_mailkit.catalogue.checks import check_tuple, first_doubled
from airflow_provider_mailkit.catalogue.parameters import Parameter

Effect = Literal["read", "write", "send", "delete"]
Placement = Literal["parameters", "top level", "none"]
Shape = Literal["one", "struct", "list", "each"]
Kind = Literal["rows", "object", "number", "text"]

READ: Final = "read"
WRITE: Final = "write"
SEND: Final = "send"
DELETE: Final = "delete"

#: The members of an object that say whether it is an error; a success may have them too.
ENVELOPE: Final = ("error_status", "error")


class Place(NamedTuple):
    """One position of an XML-RPC call, after the client ID and the MD5 code.

    :param parameters: the parameters that fill it; none for an unused position.
    :param shape: ``one``: a single value; if several parameters share the position, the one that is given.
        ``struct``: a struct of all given values. ``list``: a list of one such struct. ``each``: a position
        for every value of the parameter, at the end of the call.
    :param fill: what is sent if only a later position has a value.
    """

    parameters: tuple[str, ...] = ()
    shape: Shape = "one"
    fill: Any = ""


class Answer(NamedTuple):
    """The answer of a function when it succeeds.

    :param kind: over JSON: ``rows`` (a list of objects) or ``object``; None if it is not known.
    :param xmlrpc: the kind over XML-RPC, if it differs.
    :param texts: the plain texts that mean success over XML-RPC. Any other plain text is an error.
    :param inside: the member that holds the rows, if they are inside an object.
    :param failures: answers that mean failure over XML-RPC, besides error texts.
    :param integers: members that hold whole numbers, in either protocol.
    :param members: the documented members of the object or of a row; those of a report are its columns.
    """

    kind: Kind | None = None
    xmlrpc: Kind | None = None
    texts: tuple[str, ...] = ()
    inside: str | None = None
    failures: tuple[Any, ...] = ()
    integers: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it is known for either protocol."""
        return self.kind is not None or self.xmlrpc is not None


_NOT_SEEN: Final = Answer()
_TEXTS_OF_ANSWER: Final = ("texts", "integers", "members")


@dataclass(frozen=True, slots=True, eq=False, repr=False, match_args=False)
class Function:
    """One function of the API.

    :param name: the full name, such as ``mailkit.report.campaign``.
    :param effect: what it does; None if that is not known. Only functions that read are ever repeated.
    :param purpose: what it is for, in a sentence.
    :param parameters: its parameters, in their order in JSON.
    :param one_of: at least one of these must be given.
    :param places: the positions over XML-RPC; None: each parameter has its own, in their order.
    :param placement: where a JSON request has the parameters. None: not known; they are sent under
        ``parameters``, as for most functions.
    :param method: the name in the call, if it is not ``name``.
    :param uncallable: why it cannot be called with checked parameters; empty if it can.
    :param unknown: what is not known about it.
    :raises ValueError: the declaration contradicts itself.
    """

    name: str
    effect: Effect | None
    purpose: str
    parameters: tuple[Parameter, ...] = ()
    one_of: tuple[str, ...] = ()
    places: tuple[Place, ...] | None = None
    placement: Placement | None = "parameters"
    answer: Answer = _NOT_SEEN
    method: str | None = None
    uncallable: str = ""
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip():
            raise ValueError("a function needs a name without blanks around it")
        self._check_tuples()
        names = [parameter.name for parameter in self.parameters]
        if again := first_doubled(names):
            raise ValueError(f"{self.name}: the parameter {again} is declared twice")
        if unknown := [name for name in self.one_of if name not in names]:
            raise ValueError(f"{self.name}: one_of names {unknown[0]}, which is not a parameter")
        if any(parameter.required for parameter in self.parameters if parameter.name in self.one_of):
            raise ValueError(f"{self.name}: what is required is not one of several")
        if self.placement not in (None, *get_args(Placement)):
            raise ValueError(
                f"{self.name}: placement must be one of {', '.join(get_args(Placement))} or None"
            )
        if self.placement == "none" and names:
            raise ValueError(f"{self.name}: it has parameters, so placement must not be none")
        if not self.uncallable and self.effect not in (READ, WRITE, SEND, DELETE):
            raise ValueError(f"{self.name}: a function that can be called needs one of the four effects")
        self._check_answer()
        self._check_places(names)

    def _check_tuples(self) -> None:
        check_tuple(f"{self.name}: parameters", self.parameters, Parameter)
        check_tuple(f"{self.name}: places", self.places or (), Place)
        texts = {"one_of": self.one_of, "unknown": self.unknown}
        texts |= {f"{what} of its answer": getattr(self.answer, what) for what in _TEXTS_OF_ANSWER}
        for what, values in texts.items():
            check_tuple(f"{self.name}: {what}", values, str)
        for place in self.places or ():
            check_tuple(f"{self.name}: the parameters of a place", place.parameters, str)
        check_tuple(f"{self.name}: failures of its answer", self.answer.failures, object)

    def _check_answer(self) -> None:
        answer = self.answer
        if not {answer.kind, answer.xmlrpc} <= {None, *get_args(Kind)}:
            raise ValueError(f"{self.name}: its answer must be one of {', '.join(get_args(Kind))} or None")
        if answer.inside is not None:
            if not answer.inside or answer.inside != answer.inside.strip() or answer.kind != "object":
                raise ValueError(
                    f"{self.name}: inside must name a member, without blanks around it, "
                    "and the answer must be an object"
                )
            if answer.inside.lower() in ENVELOPE:
                raise ValueError(
                    f"{self.name}: {answer.inside} is for Mailkit's errors, so the rows cannot be inside it"
                )
        if self.effect == READ and answer.texts and answer.xmlrpc != "text":
            raise ValueError(f"{self.name}: texts are declared, so the answer over XML-RPC must be a text")

    def _check_places(self, names: list[str]) -> None:
        placed = [name for place in self.places or () for name in place.parameters]
        if unknown := [name for name in placed if name not in names]:
            raise ValueError(f"{self.name}: a position for {unknown[0]}, which is not a parameter")
        if again := first_doubled(placed):
            raise ValueError(f"{self.name}: two positions for {again}")
        if any(place.shape not in get_args(Shape) for place in self.places or ()):
            raise ValueError(
                f"{self.name}: the shape of a position must be one of {', '.join(get_args(Shape))}"
            )
        last = len(self.places or ()) - 1
        for number, place in enumerate(self.places or ()):
            if place.shape == "each" and (number != last or len(place.parameters) != 1):
                raise ValueError(f"{self.name}: positions without an end stand at the end, for one parameter")

    @property
    def reads(self) -> bool:
        """Whether it only reads, so that a call may be repeated if its answer got lost."""
        return self.effect == READ

    @property
    def sends_no_parameters(self) -> bool:
        """Whether a JSON request has an empty object of parameters, as Mailkit's page shows it."""
        return self.placement == "parameters" and not self.parameters

    @property
    def spoken(self) -> str:
        """The name that is sent."""
        return self.method or self.name

    @property
    def order(self) -> tuple[Place, ...]:
        """The positions over XML-RPC."""
        if self.places is not None:
            return self.places
        return tuple(Place((parameter.name,)) for parameter in self.parameters)

    def parameter(self, name: str) -> Parameter | None:
        """Return one of the parameters by its name."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def may_show(self, name: str, value: Any) -> bool:
        """Tell whether the value of a parameter may be stored and shown."""
        # The table of functions is imported without what calls need.
        from airflow_provider_mailkit.catalogue.values import may_show

        parameter = self.parameter(name)
        return parameter is not None and may_show(parameter, value)
