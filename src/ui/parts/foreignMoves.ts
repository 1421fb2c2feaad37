/**
 * Lets React go on where a browser extension or a translator moved, wrapped or took away elements that React
 * put on the page: DOM methods throw for a child that is no longer where it was, and React then gives the page
 * up. Texts are taken care of by `jsx/ownText.ts`.
 */

/** Changes `removeChild` and `insertBefore` for nodes below `root`, only in cases where they would throw. */
export function bearForeignMoves(root: Node): void {
  const { removeChild, insertBefore } = Node.prototype;

  Node.prototype.removeChild = function <T extends Node>(this: Node, child: T): T {
    const { parentNode } = child;
    if (parentNode === this || !root.contains(this)) return removeChild.call(this, child) as T;
    // The node is to be removed, wherever it is now.
    parentNode?.removeChild(child);
    return child;
  };

  Node.prototype.insertBefore = function <T extends Node>(this: Node, node: T, before: Node | null): T {
    if (!before || before.parentNode === this || !root.contains(this))
      return insertBefore.call(this, node, before) as T;
    // A wrapper stands where its content stood. What is gone has no place: then the end has to do.
    let place: Node | null = before;
    while (place && place.parentNode !== this) place = place.parentNode;
    return insertBefore.call(this, node, place) as T;
  };
}
