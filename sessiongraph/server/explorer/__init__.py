"""The explorer: pages on which people look at what is remembered, ask, and put it right.

How it is as safe as `/v1`: a page is rendered on the server, as the caller, from the same functions of `SessionGraph`
that the routes call; whatever a page *does*, its script asks of `/v1`, with the cookie and its CSRF token. So no page
has a rule of its own about who may do what. All text is escaped, by jinja2 in templates and by `make` in scripts; the
Content-Security-Policy runs no script and no style but the files in `static/`. Pages work without a network and without
a build step: what is in `static/` is what the browser gets, under an address that has its hash.

How a page is added:

- `pages/NAME.py` with `router = PageRouter()` and a function a page, that asks the client and returns
  `await page.show("NAME.html.j2", …)`; a dataset is a query parameter (`?dataset=owner/name`), as in `/v1`;
- its router, and where it belongs its place in the navigation, in `pages/__init__.py`;
- `templates/NAME.html.j2`, which extends `base.html.j2` and builds on the macros of `parts.html.j2` (badges, empty
  states, sources, pickers); `|moment` is a time. A page that has no data says what to do next (`empty`);
- where it does something, `static/NAME.js`, named in the template's block `scripts`: `service.js` calls `/v1` and
  throws problem documents, `parts.js` shows them, asks for confirmation and makes elements; `onAction` says what a
  button with `data-action` does. What others wrote in `static/` is named in `vendored.txt`, with licence and hash. No
  `style` attribute and no inline script: the policy drops both.
"""
