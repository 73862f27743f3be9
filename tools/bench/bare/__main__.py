"""As many components and resources as a stack of API keys registers, with next to nothing in them."""

import pulumi


class Account(pulumi.ComponentResource):
    """Stands for the component of one account."""

    def __init__(self, name: str) -> None:
        super().__init__("bare:index:Account", name)


class Thing(pulumi.CustomResource):
    """One resource of the provider that does nothing."""

    def __init__(self, name: str, turn: str, parent: Account) -> None:
        super().__init__("bare:index:Thing", name, {"turn": turn}, pulumi.ResourceOptions(parent=parent))


config = pulumi.Config()
turn = config.require("turn")
components, things, changing = (config.require_int(name) for name in ("components", "things", "changing"))

accounts = [Account(f"account{number}") for number in range(components)]
for number in range(things):
    # As many of them as there are keys change with the turn, as keys do in a rotation.
    Thing(f"thing{number}", turn if number < changing else "", accounts[number % components])
