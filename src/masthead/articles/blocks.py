"""The kinds of block an article's body is made of, as editors see them."""

from typing import Any

from wagtail import blocks
from wagtail.contrib.table_block.blocks import TableBlock
from wagtail.embeds.blocks import EmbedBlock
from wagtail.images.blocks import ImageChooserBlock

INLINE = ["bold", "italic", "link", "superscript", "subscript"]


class PictureBlock(blocks.StructBlock):
    """A picture with what a reader may need to know of it."""

    image = ImageChooserBlock()
    alt = blocks.CharBlock(label="Alt text", help_text="What it shows, for whoever cannot see it.", max_length=250)
    caption = blocks.CharBlock(required=False, max_length=300)
    credit = blocks.CharBlock(required=False, max_length=160)

    class Meta:
        icon = "image"
        template = "articles/blocks/picture.html"


class QuotationBlock(blocks.StructBlock):
    """Somebody's words, with who said them."""

    text = blocks.RichTextBlock(features=INLINE)
    source = blocks.CharBlock(required=False, max_length=200, help_text="Who said or wrote it, and where.")

    class Meta:
        icon = "openquote"
        template = "articles/blocks/quotation.html"


class AsideBlock(blocks.StructBlock):
    """A box beside the argument: background, a definition."""

    title = blocks.CharBlock(required=False, max_length=120)
    text = blocks.RichTextBlock(features=[*INLINE, "ul", "ol"])

    class Meta:
        icon = "info-circle"
        template = "articles/blocks/aside.html"


class CaptionedTableBlock(blocks.StructBlock):
    """A table with the caption that tells what it holds."""

    caption = blocks.CharBlock(required=False, max_length=200)
    table = TableBlock(table_options={"renderer": "text", "colHeaders": False, "rowHeaders": False})

    class Meta:
        icon = "table"
        template = "articles/blocks/table.html"


class ArticleBody(blocks.StreamBlock):
    """All of them. ``gate`` is a mark, not content: what follows it is the rest, whatever the policy's teaser length."""

    paragraph = blocks.RichTextBlock(features=INLINE, icon="pilcrow")
    heading = blocks.CharBlock(icon="title", max_length=160, template="articles/blocks/heading.html")
    picture = PictureBlock()
    quotation = QuotationBlock()
    pull_quote = blocks.CharBlock(icon="openquote", max_length=300, template="articles/blocks/pull_quote.html")
    list = blocks.RichTextBlock(features=[*INLINE, "ul", "ol"], icon="list-ul")
    table = CaptionedTableBlock()
    embed = EmbedBlock(help_text="The address of a video or post.", icon="media", template="articles/blocks/embed.html")
    aside = AsideBlock()
    gate = blocks.StaticBlock(
        icon="lock",
        label="The gate goes here",
        admin_text="What stands above is the teaser; what stands below is kept for readers.",
    )

    class Meta:
        block_counts: dict[str, Any] = {"gate": {"max_num": 1}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Wagtail writes these names beside their fields, where a screen reader does not look for them
        for name in ("heading", "pull_quote", "embed"):
            block = self.child_blocks[name]
            block.field.widget.attrs["aria-label"] = str(block.label)
