// Without this script the two pictures stand side by side, as they do in print.
document.documentElement.classList.add("js");
for (const range of document.querySelectorAll(".cut")) {
  const pair = document.getElementById(range.dataset.pair);
  const show = () => {
    pair.style.setProperty("--at", range.value + "%");
    range.setAttribute("aria-valuetext", range.value + "% of the picture is " + pair.dataset.before + ", the rest the redesign");
  };
  range.addEventListener("input", show);
  show();
}
for (const choice of document.querySelectorAll("input[name=compare]")) {
  choice.addEventListener("change", () => {
    for (const pair of document.querySelectorAll(".both")) {
      pair.dataset.before = choice.dataset.words;
      pair.querySelector("use").setAttribute("href", "#" + choice.value);
      pair.querySelector("svg").setAttribute("aria-label", choice.dataset.label);
      pair.querySelector(".before .tag").textContent = choice.dataset.label;
    }
    for (const range of document.querySelectorAll(".cut")) range.dispatchEvent(new Event("input"));
  });
}
