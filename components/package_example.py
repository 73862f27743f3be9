"""The component's example in the package's schema, in every language of Pulumi's. Those of the other resources stand in
the schema itself."""

from __future__ import annotations

from typing import Final

_GO_MODULE: Final = "GO_MODULE"
_PROGRAMS: Final = {
    "typescript": """import * as yandex_keys from "@pulumi-yandex-keys/yandex-keys";

const translator = new yandex_keys.ServiceAccountKeys("translator", {
    name: "translator",
    readers: ["self"],
    keys: [{ name: "default", uses: ["translate"] }],
});
export const receipt = translator.receipts["default"];""",
    "python": """import pulumi
import pulumi_yandex_keys as yandex_keys

translator = yandex_keys.ServiceAccountKeys(
    "translator",
    name="translator",
    readers=["self"],
    keys=[{"name": "default", "uses": ["translate"]}],
)
pulumi.export("receipt", translator.receipts["default"])""",
    "go": """package main

import (
	"GO_MODULE"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		translator, err := yandexkeys.NewServiceAccountKeys(ctx, "translator", &yandexkeys.ServiceAccountKeysArgs{
			Name:    "translator",
			Readers: []string{"self"},
			Keys: []yandexkeys.AccountKeyInput{
				yandexkeys.AccountKeyArgs{Name: "default", Uses: []string{"translate"}},
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("receipt", translator.Receipts.MapIndex(pulumi.String("default")))
		return nil
	})
}""",
    "csharp": """using System.Collections.Generic;
using Pulumi;
using YandexKeys = PulumiYandexKeys.YandexKeys;

return await Deployment.RunAsync(() =>
{
    var translator = new YandexKeys.ServiceAccountKeys("translator", new()
    {
        Name = "translator",
        Readers = { "self" },
        Keys = { new YandexKeys.Inputs.AccountKeyArgs { Name = "default", Uses = { "translate" } } },
    });
    return new Dictionary<string, object?> { ["receipt"] = translator.Receipts.Apply(receipts => receipts["default"]) };
});""",
    "java": """package generated_program;

import com.pulumi.Context;
import com.pulumi.Pulumi;
import com.pulumi.yandexkeys.ServiceAccountKeys;
import com.pulumi.yandexkeys.ServiceAccountKeysArgs;
import com.pulumi.yandexkeys.inputs.AccountKeyArgs;

public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
        var translator = new ServiceAccountKeys("translator", ServiceAccountKeysArgs.builder()
            .name("translator")
            .readers("self")
            .keys(AccountKeyArgs.builder().name("default").uses("translate").build())
            .build());
        ctx.export("receipt", translator.receipts().applyValue(receipts -> receipts.get("default")));
    }
}""",
    "yaml": """resources:
  translator:
    type: yandex-keys:ServiceAccountKeys
    properties:
      name: translator
      readers: [self]
      keys:
        - name: default
          uses: [translate]
outputs:
  receipt: ${translator.receipts["default"]}""",
}


def component_example(go_module: str) -> str:
    """The example as registries and SDKs read it. `go_module` is where a Go program finds the package."""
    programs = {language: text.replace(_GO_MODULE, go_module) for language, text in _PROGRAMS.items()}
    shown = "\n\n".join(f"```{language}\n{text}\n```" for language, text in programs.items())
    return (
        "{{% examples %}}\n## Example Usage\n\n{{% example %}}\n### An account with a key\n\n"
        f"{shown}\n{{{{% /example %}}}}\n{{{{% /examples %}}}}"
    )
