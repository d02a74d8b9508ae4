"""The flags that many listings share, with Docker's help for them."""

from berth.cli.flags import Flag

FORMAT_HELP = """Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates"""
INSPECT_FORMAT_HELP = """Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates"""

FORMAT = Flag("format", "", "string", FORMAT_HELP)
INSPECT_FORMAT = Flag("format", "f", "string", INSPECT_FORMAT_HELP)
FILTER = Flag("filter", "f", "filter", "Filter output based on conditions provided")
