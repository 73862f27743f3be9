"""The rules as policies of Pulumi's SDK, served to the engine."""

from __future__ import annotations

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy import config_check
from policy.rules import RULES, Rule, stack_of

NAME = "yandex-keys"


def as_policy(rule: Rule) -> ResourceValidationPolicy:
    """`rule` as Pulumi's SDK has it."""

    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        try:
            found = list(rule.violations(args.resource_type, args.props, args.get_config(), stack_of(args.urn)))
        except UnknownValueError as unknown:
            # A warning for each such resource of each first preview would be no news: `up` judges it before it is made.
            args.not_applicable(unknown.message)
            return
        for violation in found:
            report_violation(violation, None)

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.about,
        validate=validate,
        config_schema=PolicyConfigSchema({name: it.schema() for name, it in rule.all_settings().items()}),
    )


def serve() -> None:
    """Answers the engine until it goes away."""
    config_check.refuse_mistakes({name: rule.all_settings() for name, rule in RULES.items()})
    PolicyPack(
        name=NAME, policies=[as_policy(rule) for rule in RULES.values()], enforcement_level=EnforcementLevel.MANDATORY
    )
