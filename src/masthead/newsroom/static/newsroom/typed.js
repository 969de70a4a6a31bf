// Wagtail's rich text writes what is typed into its form a quarter of a second after the last key. Whoever saves sooner, as with
// Ctrl+S at the end of a sentence, would save the form as it was, and be told that all is well.
(() => {
  const touched = new Set()
  // What the comments' marks look like while they are shown; Wagtail takes them out, too
  const passing = ({ style }) => style.startsWith("COMMENT-") || style.startsWith("STYLE_RERENDER")

  document.addEventListener("focusin", ({ target }) => {
    const wrapper = target.closest?.("[data-draftail-editor-wrapper]")
    if (wrapper) touched.add(wrapper.parentNode)
  })

  const write = (field) => {
    const serialise = window.Draftail?.serialiseEditorStateToRaw
    if (!serialise) return
    const raw = serialise(field.draftailEditor.getEditorState()) // null: nothing is left of it, which is saved as well
    for (const block of raw?.blocks ?? []) block.inlineStyleRanges = block.inlineStyleRanges.filter((range) => !passing(range))
    field.rawContentState = raw
    field.value = JSON.stringify(raw)
  }

  // in the capturing phase: before anything reads the form
  document.addEventListener("submit", ({ target }) => {
    for (const place of touched) {
      if (!target.contains(place)) continue
      for (const field of place.children) if (field.draftailEditor) write(field)
    }
  }, true)
})()
