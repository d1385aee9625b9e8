// A walk over a page with the Tab key. Needs page.js.
const walk = (() => {
  const { CONTROLS, all, shown, described } = page;
  const marks = element => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor, textDecoration } = getComputedStyle(element);
    const outline = outlineStyle === 'none' || parseFloat(outlineWidth) === 0 ? 'none' : `${outlineStyle} ${outlineWidth} ${outlineColor}`;
    return [outline, boxShadow, borderColor, backgroundColor, textDecoration].join(' | ');
  };

  // Where the key must lead: of a group of radio buttons to one.
  function stops() {
    const focusable = all(CONTROLS + ', [tabindex]').filter(element => shown(element) && element.tabIndex >= 0 && !element.matches(':disabled') && !element.closest('[inert]'));
    const groups = new Set();
    return focusable.filter(element => {
      if (element.type !== 'radio' || !element.name) return true;
      if (groups.has(element.name)) return false;
      groups.add(element.name);
      return true;
    });
  }

  function start() {
    document.activeElement?.blur();
    window.scrollTo(0, 0);
    const wanted = stops();
    const before = new Map(wanted.map(element => [element, marks(element)]));
    const state = (window.walked = { wanted, before, reached: new Set(), faint: new Set(), hidden: new Set() });
    document.addEventListener('focusin', event => {
      const element = event.target;
      const radio = element.type === 'radio' && element.name && wanted.find(other => other.name === element.name);
      state.reached.add(radio || element);
      if (before.has(element) && before.get(element) === marks(element)) state.faint.add(element);
      requestAnimationFrame(() => {
        if (document.activeElement !== element) return;
        const { top, bottom, left, right } = element.getBoundingClientRect();
        if (bottom < 0 || top > innerHeight || right < 0 || left > innerWidth) state.hidden.add(element);
      });
    });
    return wanted.length;
  }

  function so_far() {
    const { wanted, reached, faint, hidden } = window.walked;
    const missing = wanted.filter(element => element.isConnected && shown(element) && !reached.has(element));
    return { missing: missing.map(described), faint: [...faint].map(described), hidden: [...hidden].map(described) };
  }

  return { start, so_far };
})();
