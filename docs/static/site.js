// What opens a part of the navigation says so to those who do not see the arrow.
for (const arrow of document.querySelectorAll("summary:has(> .toctree-toggle)"))
  arrow.setAttribute("aria-label", "More pages");
