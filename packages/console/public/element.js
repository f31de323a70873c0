/**
 * `<keywright-keys link="…">`: the API keys of a customer in the settings page of a company whose customers have their
 * accounts there. `link` is what `POST /v1/portal-sessions` answered; it works once, for five minutes.
 */
;(() => {
  const own = new URL(document.currentScript.src).origin
  // What the page itself says of the element's size goes before it.
  const block = new CSSStyleSheet()
  block.replaceSync(':host { display: block; width: 100%; min-height: 40rem } :host([hidden]) { display: none }')

  class KeywrightKeys extends HTMLElement {
    static observedAttributes = ['link']
    #shown = null
    #root = this.attachShadow({ mode: 'closed' })

    constructor() {
      super()
      this.#root.adoptedStyleSheets = [block]
    }

    connectedCallback() {
      this.#show()
    }

    attributeChangedCallback() {
      if (this.isConnected) this.#show()
    }

    #show() {
      const link = this.getAttribute('link') ?? ''
      if (link === this.#shown) return
      this.#shown = link
      // Whose keys they were may be signed out of the page by now.
      this.#root.replaceChildren()
      if (!URL.canParse(link)) return
      const { href, origin, pathname } = new URL(link)
      // Whoever can set an attribute of the page cannot put another site into it.
      if (origin !== own || pathname !== '/portal') return
      const frame = document.createElement('iframe')
      frame.title = this.getAttribute('title') ?? 'API keys'
      frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms allow-downloads')
      frame.allow = 'clipboard-write'
      frame.referrerPolicy = 'no-referrer'
      frame.style.cssText = 'display:block;width:100%;height:100%;min-height:40rem;border:0'
      // As it was read here: by itself the frame takes `https:keys.example.com/portal` for a path of the page's own site.
      frame.src = href
      this.#root.append(frame)
    }
  }

  if (!customElements.get('keywright-keys')) customElements.define('keywright-keys', KeywrightKeys)
})()
