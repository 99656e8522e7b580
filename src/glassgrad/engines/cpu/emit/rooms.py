"""Memory on the stack, which LLVM turns into registers where it can. Floor 4.

LLVM 22 joins values that are stored side by side into a room and read as one at the place of the store that lies last
in memory, even where another one is stored later: it uses that before it is there. It does so with rooms of which it
sees nothing but loads and stores, so the beginning of each room's life is said.
"""

_BEGIN = "llvm.lifetime.start"


def room_lines(declarations: dict[str, str], name: str, held: str, align: int) -> list[str]:
    """The lines at the top of a function that make a room: `held` is an LLVM type, and perhaps how many of it."""
    declarations.setdefault(_BEGIN, f"declare void @{_BEGIN}.p0(ptr)")
    return [f"  {name} = alloca {held}, align {align}", f"  call void @{_BEGIN}.p0(ptr {name})"]
