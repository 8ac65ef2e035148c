# SPDX-License-Identifier: BSD-2-Clause
"""How a script that boots machines begins and ends.

Rule: what a user can mend is one line of text without a traceback. Ctrl-C and the signals that end
a process end the script's emulators too.
"""

import sys

from .bochs import BochsError
from .config import ConfigError
from .media import MediaError
from .platforms import PlatformError
from .qemu import QemuError
from .session import ends_on_signals


def run_script(name, main):
    """Run main(), and exit with the status that main() returns; 130 at Ctrl-C. A problem is printed
    behind the script's name, and the status is 1."""
    ends_on_signals()
    try:
        sys.exit(main())
    except (BochsError, ConfigError, MediaError, PlatformError, QemuError) as problem:
        sys.exit(f"{name}: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
