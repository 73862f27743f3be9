"""The stack's program: one component for each account of the stack file, and the receipts of their keys."""

import pulumi

from components.service_account_keys import ServiceAccountKeys
from components.settings import stack_provider, stack_spec
from components.spec import SpecError

try:
    spec = stack_spec()
except SpecError as error:
    raise pulumi.RunError(str(error)) from None

opts = pulumi.ResourceOptions(provider=stack_provider())
accounts = {account.name: ServiceAccountKeys(account.name, account, opts=opts) for account in spec.accounts}

pulumi.export("serviceAccounts", {name: keys.service_account_id for name, keys in accounts.items()})
pulumi.export("receipts", {f"{name}/{key}": it for name, keys in accounts.items() for key, it in keys.receipts.items()})
pulumi.export("secrets", {f"{name}/{key}": it for name, keys in accounts.items() for key, it in keys.secrets.items()})
