"""Ways to look at a ledger: tables, data frames and notebooks, documents, charts, a page, the browser, a command line.

What has a method on a result, such as `Initiative.chart`, is imported when that is called.
"""
