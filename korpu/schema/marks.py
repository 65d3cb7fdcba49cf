"""How a field enters a stage's key, said by its annotation."""

ELSEWHERE = "elsewhere"  # changes where or how fast, never what
CONTENT = "content"  # a path: the key takes the file's sha256 in its place
NAME_OR_CONTENT = "name or content"  # a name, or a path that is treated as CONTENT
