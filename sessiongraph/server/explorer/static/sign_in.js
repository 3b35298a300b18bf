// The link of `sessiongraph view` has its secret behind the #, which no browser sends and no log keeps.
const link = new URLSearchParams(location.hash.slice(1)).get("link");
if (link) {
  history.replaceState(null, "", location.pathname + location.search);
  const form = document.getElementById("sign-in");
  form.elements.link.value = link;
  form.elements.key.required = false;
  form.submit();
}
