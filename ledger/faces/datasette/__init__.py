"""In a browser: a ledger served by Datasette, to be read and never written.

`functions` are the questions that SQL can ask, answered by the library; `pages` are queries that ask them, each with
its boxes; `cells` is what a reader sees of a row, and `kept` what is made once for all readers; `plugin` and `database`
bring these to Datasette; `serving` runs it.

It needs the extra `datasette`.
"""

from ledger.faces.datasette.serving import answer, datasette_of, serve

__all__ = ["answer", "datasette_of", "serve"]
