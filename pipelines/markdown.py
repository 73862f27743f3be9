"""Text from elsewhere in Markdown: shown as it is, and nothing else.

Both forges leave alone what stands in `<code>` and `<pre>`: no mention notifies, no number becomes a link to an issue or a merge request.
Markdown's own signs are still read in `<code>`, and GitLab looks for quick actions in the source before it reads any Markdown. So every
character but letters, digits and spaces is written as its number (a hexadecimal one, which looks like no issue's): no markup, no HTML, no
table, no link, no `/assign`.
"""

from __future__ import annotations


def code(text: str) -> str:
    """`text` on one line, as code."""
    return f"<code>{_numbered(' '.join(text.split()))}</code>"


def block(text: str) -> str:
    """`text` with its lines, as a block of code."""
    # An empty line would end the block in a list.
    lines = (line.rstrip() or " " for line in text.strip().splitlines())
    return f"<pre>{chr(10).join(_numbered(line) for line in lines)}</pre>"


def _numbered(text: str) -> str:
    return "".join(each if each.isalnum() or each == " " else f"&#x{ord(each):x};" for each in text if each >= " ")
