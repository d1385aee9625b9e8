// What must hold on every page, after the rules of WCAG 2.2 AA that a program can judge.
// Gives [{rule, where}], empty for a good page. Needs page.js.
const checks = phone => {
  const { CONTROLS, LANDMARKS, FIELDS, all, squeezed, rendered, shown, silent, off, described, referred, nameOf } = page;
  const findings = [];
  const found = (rule, where) => findings.push({ rule, where: typeof where === 'string' ? where : described(where) });
  const visible = selector => all(selector).filter(element => rendered(element) && !silent(element));

  // The document.
  if (!squeezed(document.documentElement.lang)) found('language', 'html has no lang');
  if (!squeezed(document.title)) found('title', 'the document has none');
  const viewport = document.querySelector('meta[name=viewport]');
  if (!viewport) found('viewport', 'no meta viewport');
  else if (/user-scalable\s*=\s*(no|0)|maximum-scale\s*=\s*[01](\D|$)/.test(viewport.content)) found('viewport', 'it cannot be zoomed');

  // Its outline.
  if (visible('main, [role=main]').length !== 1) found('landmarks', `${visible('main, [role=main]').length} main landmarks`);
  if (visible('h1').length !== 1) found('one-h1', `${visible('h1').length} visible h1`);
  let level = 0;
  for (const heading of visible('h1, h2, h3, h4, h5, h6')) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) found('heading-order', `${described(heading)} after level ${level}`);
    if (!nameOf(heading)) found('heading-empty', heading);
    level = own;
  }

  // Names.
  for (const element of visible(CONTROLS)) if (!nameOf(element)) found('name', element);
  for (const element of visible('iframe, [role=dialog], dialog[open], [role=img], svg[role=img]')) if (!nameOf(element)) found('name', element);
  for (const image of all('img')) if (!image.hasAttribute('alt')) found('alt', image);
  for (const svg of visible('svg')) if (!svg.hasAttribute('role') && !svg.parentElement.closest('svg')) found('svg-role', svg);
  for (const element of all('[aria-hidden=true]')) {
    const inside = [element, ...all(CONTROLS, element)].filter(one => one.matches(CONTROLS) && shown(one) && one.tabIndex >= 0 && !off(one));
    if (inside.length) found('hidden-focus', inside[0]);
  }

  // References.
  const ids = new Set();
  for (const element of all('[id]')) {
    if (ids.has(element.id)) found('duplicate-id', element);
    ids.add(element.id);
  }
  for (const label of all('label')) if (!label.control) found('label', label);
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-owns', 'aria-activedescendant'])
    for (const element of all(`[${attribute}]`)) if (referred(element, attribute).includes(null)) found('reference', `${attribute} of ${described(element)}`);
  for (const link of all('a[href^="#"]')) {
    const id = decodeURIComponent(link.getAttribute('href').slice(1));
    if (id && !document.getElementById(id)) found('reference', `href of ${described(link)}`);
  }

  // Structure.
  for (const element of all('[tabindex]')) if (element.tabIndex > 0) found('tabindex', element);
  for (const element of visible(CONTROLS)) if (element.parentElement.closest('a[href], button')) found('nested', element);
  for (const item of all('li')) if (!item.parentElement.matches('ul, ol, menu')) found('list', item);
  for (const list of all('ul, ol')) for (const child of list.children) if (!child.matches('li, script, template')) found('list', child);
  for (const table of visible('table')) if (!table.querySelector('th')) found('table', table);
  for (const head of visible('th')) if (!squeezed(head.textContent) && !head.getAttribute('aria-label')) found('table', head);

  // Colours.
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const known = new Map();
  function rgba(colour) {
    if (!known.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((one, index) => one * a + below[index] * (1 - a));
  function luminance(colour) {
    const [r, g, b] = colour.map(one => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function ratio(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }
  const dark = matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme.includes('dark');
  // What lies under the text of an element; null where a picture does, which cannot be judged.
  function backdrop(element) {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (one instanceof HTMLElement && style.backgroundImage !== 'none' && !one.matches('select')) return null;
      if (one instanceof HTMLElement) layers.push(rgba(style.backgroundColor));
      if (layers.length && layers.at(-1)[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), dark ? [18, 18, 18] : [255, 255, 255]);
  }
  // The last shape painted below a text of a drawing.
  function shapeUnder(text) {
    const at = text.getBoundingClientRect();
    const [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
    const before = all('rect, circle, ellipse, path, polygon', text.ownerSVGElement).filter(shape => {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) return false;
      if (getComputedStyle(shape).fill === 'none' || shape.closest('defs, clipPath, marker')) return false;
      const matrix = shape.getScreenCTM();
      return matrix && shape.isPointInFill(new DOMPoint(x, y).matrixTransform(matrix.inverse()));
    });
    return before.at(-1);
  }
  function judge(element, colour, style, what) {
    let below = backdrop(element);
    if (!below) return found('contrast-unknown', element);
    if (element instanceof SVGElement) {
      const shape = shapeUnder(element);
      if (shape) {
        const fill = rgba(getComputedStyle(shape).fill);
        below = over([...fill.slice(0, 3), fill[3] * Number(getComputedStyle(shape).fillOpacity)], below);
      }
    }
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= Number(getComputedStyle(one).opacity);
    const [r, g, b, a] = rgba(colour);
    const seen = over([r, g, b, a * opacity], below);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const has = ratio(seen, below);
    if (has < needed - 0.005) {
      const shade = one => '#' + one.map(part => Math.round(part).toString(16).padStart(2, '0')).join('');
      found('contrast', `${has.toFixed(2)} < ${needed}: ${shade(seen)} on ${shade(below)}, ${what} of ${described(element)}`);
    }
  }
  const unseen = rect => rect.width < 2 || rect.height < 2;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const judged = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!squeezed(texts.currentNode.data) || judged.has(element)) continue;
    if (element.matches('script, style, noscript, template, option, optgroup, textarea, title, desc') || !shown(element)) continue;
    judged.add(element);
    if (!silent(element) && !element.closest(LANDMARKS) && !element.matches('a[href^="#"]')) found('landmarks', `outside of all: ${described(element)}`);
    const style = getComputedStyle(element);
    const disabled = off(element) || element.closest(':disabled') || (element.closest('label')?.control && off(element.closest('label').control));
    if (disabled || unseen(element.getBoundingClientRect())) continue;
    judge(element, element instanceof SVGElement ? style.fill : style.color, style, 'text');
  }
  for (const field of visible(FIELDS)) {
    if (off(field) || ['checkbox', 'radio', 'range', 'color', 'file'].includes(field.type)) continue;
    const style = getComputedStyle(field);
    judge(field, style.color, style, 'value');
    if (field.placeholder) judge(field, getComputedStyle(field, '::placeholder').color, style, 'placeholder');
  }

  // A small screen.
  if (phone) {
    const width = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth > width + 1) {
      const wide = all('body *').filter(element => shown(element) && element.getBoundingClientRect().right > width + 1);
      const scrolls = element => element && (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
      const guilty = wide.find(element => !scrolls(element.parentElement)) || document.body;
      found('overflow', `${document.scrollingElement.scrollWidth} px wide: ${described(guilty)}`);
    }
    for (const element of visible(CONTROLS)) {
      if (off(element) || getComputedStyle(element).display === 'inline') continue;
      const target = element.matches('input[type=checkbox], input[type=radio]') && element.labels?.length ? element.labels[0] : element;
      const { width, height } = target.getBoundingClientRect();
      if (!unseen({ width, height }) && (width < 24 || height < 24)) found('target-size', `${Math.round(width)} x ${Math.round(height)}: ${described(element)}`);
    }
  }
  return findings;
};
