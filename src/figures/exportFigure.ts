/** A figure as a file: SVG with its looks written into it, and PNG drawn from that. */

/** The properties that style sheets set on shapes and texts. */
const looks = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
  'visibility',
  'display',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'letter-spacing',
  'text-anchor',
  'paint-order',
  'transform',
  'transform-origin',
] as const;

/** A document of its own: no style sheet is needed to look as on the page. */
export function svgText(svg: SVGSVGElement, title: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const sources = [svg, ...svg.querySelectorAll('*')];
  const copies = [copy, ...copy.querySelectorAll('*')];
  for (const [i, source] of sources.entries()) {
    const style = getComputedStyle(source);
    const text = looks
      .map((name) => [name, style.getPropertyValue(name)] as const)
      .filter(([, value]) => value !== '' && value !== 'none' && value !== 'normal')
      .map(([name, value]) => `${name}:${value}`);
    // The default is to paint, so a 'none' has to be written.
    for (const name of ['fill', 'stroke', 'display'] as const) {
      if (style.getPropertyValue(name) === 'none') text.push(`${name}:none`);
    }
    copies[i]!.setAttribute('style', text.join(';'));
    for (const name of ['class', 'tabindex', 'role', 'aria-describedby']) copies[i]!.removeAttribute(name);
  }
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(Math.round(width)));
  copy.setAttribute('height', String(Math.round(height)));
  const ground = document.createElementNS(copy.namespaceURI, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', getComputedStyle(document.documentElement).backgroundColor);
  const name = document.createElementNS(copy.namespaceURI, 'title');
  name.textContent = title;
  copy.prepend(name, ground);
  return new XMLSerializer().serializeToString(copy);
}

/** A document that brings its style sheet along: its colours follow the reader's system. */
export function styledSvgText(svg: SVGSVGElement, style: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const sheet = document.createElementNS(copy.namespaceURI, 'style');
  sheet.textContent = style;
  copy.prepend(sheet);
  return new XMLSerializer().serializeToString(copy);
}

/** Pixels of the PNG for each pixel of the page: sharp on a slide. */
const DENSITY = 3;

export async function pngOf(svg: SVGSVGElement, title: string): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height } = svg.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg, title))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * DENSITY);
  canvas.height = Math.round(height * DENSITY);
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!drawn) throw new Error('This browser draws no PNG.');
  return new Uint8Array(await drawn.arrayBuffer());
}
