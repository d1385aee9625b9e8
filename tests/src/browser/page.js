// What the browser tests ask of a page, run inside it. `page` is what the harness calls.
const page = (() => {
  const CONTROLS =
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link], [role=tab],' +
    ' [role=checkbox], [role=switch], [role=menuitem], [role=option], [contenteditable=true]';
  const LANDMARKS =
    'main, nav, header, footer, aside, dialog, [role=main], [role=navigation], [role=banner], [role=contentinfo],' +
    ' [role=complementary], [role=search], [role=region], [role=status], [role=alert], [role=dialog],' +
    ' section[aria-label], section[aria-labelledby], form[aria-label], form[aria-labelledby]';
  const FIELDS = 'input:not([type=hidden]), select, textarea';
  const BUTTONS = ['submit', 'button', 'reset'];

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const squeezed = text => (text || '').replace(/\s+/g, ' ').trim();
  const rendered = element => element.checkVisibility({ visibilityProperty: true });
  const shown = element => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const silent = element => element.closest('[aria-hidden=true], [inert]') !== null;
  const off = element => element.matches(':disabled, [aria-disabled=true]') || element.closest('[aria-disabled=true]') !== null;

  // How a finding names an element.
  function described(element) {
    let name = element.tagName.toLowerCase();
    if (element.id) name += '#' + element.id;
    for (const one of element.classList) name += '.' + one;
    const text = squeezed(element.textContent).slice(0, 40);
    return text ? `${name} "${text}"` : name;
  }

  // Text as a screen reader puts it together from what is inside.
  function spoken(node, named = false) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE) return '';
    if (!named && (!rendered(node) || node.getAttribute('aria-hidden') === 'true')) return '';
    const label = squeezed(node.getAttribute('aria-label'));
    if (label && !named) return label;
    if (node.matches('img, area, input[type=image]')) return node.alt || '';
    if (node instanceof SVGSVGElement) return titled(node);
    const block = getComputedStyle(node).display === 'inline' ? '' : ' ';
    return block + [...node.childNodes].map(child => spoken(child)).join('') + block;
  }

  function titled(svg) {
    const title = [...svg.children].find(child => child.tagName === 'title');
    return title ? title.textContent : '';
  }

  function referred(element, attribute) {
    const ids = squeezed(element.getAttribute(attribute)).split(' ').filter(Boolean);
    return ids.map(id => document.getElementById(id));
  }

  // The accessible name.
  function nameOf(element) {
    const others = referred(element, 'aria-labelledby').filter(Boolean);
    const candidates = [
      () => others.map(other => spoken(other, true)).join(' '),
      () => element.getAttribute('aria-label'),
      () => (element.matches(FIELDS) ? [...(element.labels || [])].map(label => spoken(label)).join(' ') : ''),
      () => (element.matches('input') && BUTTONS.includes(element.type) ? element.value || element.type : ''),
      () => (element.matches('img, input[type=image]') ? element.alt : ''),
      () => (element instanceof SVGSVGElement ? titled(element) : ''),
      () => (element.matches('table') && element.caption ? element.caption.textContent : ''),
      () => (element.matches(FIELDS + ', table, iframe') ? '' : spoken(element, true)),
      () => element.getAttribute('title'),
    ];
    for (const candidate of candidates) {
      const name = squeezed(candidate());
      if (name) return name;
    }
    return '';
  }

  // The control of this name: the whole name, else the beginning of it. Kinds: press (button or link) and fill (field).
  function find(kind, name) {
    const selector = kind === 'fill' ? FIELDS : CONTROLS;
    const fits = all(selector).filter(element => shown(element) && (kind === 'fill' || !element.matches(FIELDS) || BUTTONS.includes(element.type)));
    return fits.find(element => nameOf(element) === name) || fits.find(element => nameOf(element).startsWith(name)) || null;
  }

  // What a person reads.
  const text = () => (document.body ? document.body.innerText : '');

  // Loaded, nothing moving.
  const still = () => document.readyState === 'complete' && document.getAnimations().every(one => one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity);

  return { CONTROLS, LANDMARKS, FIELDS, all, squeezed, rendered, shown, silent, off, described, referred, nameOf, find, text, still };
})();
