"""The stack's program: one component for each account of the stack file, and the receipts of their keys."""

from components.process import begin

begin()

import pulumi  # noqa: E402

from components.accounts import declare, registered  # noqa: E402
from components.debug_lines import leave_out_unless_asked  # noqa: E402
from components.removals import say_what_goes  # noqa: E402
from components.settings import stack_provider, stack_spec  # noqa: E402
from components.spec import SpecError  # noqa: E402

leave_out_unless_asked()
try:
    spec = stack_spec()
except SpecError as error:
    raise pulumi.RunError(str(error)) from None

say_what_goes(spec.accounts)
accounts = declare(spec.accounts, pulumi.ResourceOptions(provider=stack_provider()))

pulumi.export("serviceAccounts", {name: keys.service_account_id for name, keys in accounts.items()})
pulumi.export("receipts", {f"{name}/{key}": it for name, keys in accounts.items() for key, it in keys.receipts.items()})
pulumi.export("secrets", {f"{name}/{key}": it for name, keys in accounts.items() for key, it in keys.secrets.items()})
pulumi.run(lambda: registered(accounts.values()))
