// Without this script the two pictures stand side by side, as they do in print.
document.documentElement.classList.add("js");
const shares = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
for (const range of document.querySelectorAll(".cut")) {
  const pair = document.getElementById(range.dataset.pair);
  const show = () => {
    pair.style.setProperty("--at", range.value + "%");
    range.setAttribute("aria-valuetext", range.dataset.says.replace("{percent}", shares.format(1 - range.value / 100)).replace("{before}", pair.dataset.before));
  };
  range.addEventListener("input", show);
  show();
}
for (const choice of document.querySelectorAll("input[name=compare]")) {
  choice.addEventListener("change", () => {
    for (const pair of document.querySelectorAll(".both")) {
      pair.dataset.before = choice.dataset.label;
      pair.querySelector("use").setAttribute("href", "#" + choice.value);
      pair.querySelector("svg").setAttribute("aria-label", choice.dataset.label);
      pair.querySelector(".before .tag").textContent = choice.dataset.label;
    }
    for (const range of document.querySelectorAll(".cut")) range.dispatchEvent(new Event("input"));
  });
}
