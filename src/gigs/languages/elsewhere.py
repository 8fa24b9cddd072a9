"""Sentences of packages that know nothing of languages, for the catalogues: what `Language.sentence` recognises.

Such a package writes plain English, into `result.json` or an error. Where it fills values in, the sentence stands here
as a template. `tests/languages/test_elsewhere.py` holds these to what the packages really say. A sentence that is not
here is shown in English.
"""

from __future__ import annotations

from gigs.languages import message

PHOTO_AND_PRODUCT = (
    message(
        "The computer redrew this product only roughly, so details may be lost and the numbers are less certain. A "
        "plain front view on an even, light backdrop usually helps; so does the preset `faithful`."
    ),
    message(
        "This picture could not be redrawn as a product of the kind the models know, so redesigns of it would mean "
        "nothing. Use a photo of one garment, seen from the front on an even, light backdrop, filling the picture."
    ),
    message(
        "This picture is one even colour: no product can be seen in it, so neither the redesigns nor their numbers "
        "mean anything. Is it the right file?"
    ),
    message(
        "The computer did not redraw this product well, so the redesigns may be of another kind of product. Try a "
        "plain front view on an even, light backdrop, or more steps."
    ),
    message(
        "The photo seems to show a part of the product from near: {how}. A redesign is of a whole product that is made "
        "up around it, so do not trust it. Take a photo of all of it, with some backdrop around."
    ),
    message("hardly any backdrop is to be seen around it"),
    message("it runs over its {edges}"),
    message(
        "The product seems to be cut off at the {edges} of the photo, and what is beyond is made up, so the redesigns "
        "may be of another kind of product. Take a photo of all of it, with some backdrop around."
    ),
    message(
        "The photo seems to show {count} products, and they are redesigned as if they were one. Crop the photo to one "
        "of them, or give a mask of it."
    ),
    message("The cut-out is unsure: {reason}. Look at it, or give a mask of the product."),
    message("the product could not be told clearly from what is around it"),
    message("it covers nearly all of the photo, as in a close-up"),
    message("hardly anything was found"),
    message("its edge runs out into what is around it"),
    message("it is in many pieces"),
    message("it leaves out parts that differ from the backdrop, or takes in some of it"),
)
EDGES = (
    message("{first} and {last} edges"), message("upper edge"), message("lower edge"), message("left edge"),
    message("right edge"), message("upper"), message("lower"), message("left"), message("right"),
    message("upper, lower"), message("upper, left"), message("lower, left"), message("upper, lower, left"),
)  # fmt: skip
RECOMMENDER = (
    message(
        "The recommender was never tested on purchases that it had not seen, so a gain in its score promises "
        "nothing. Testing needs buyers with four or more items: import more purchases and train again. For a "
        "recommender that others trained, let `gigs evaluate recommender` write the figures into its file."
    ),
    message(
        "The recommender was tested on {n} buyers only, too few to tell it from chance, so a gain in its score "
        "promises nothing. Import more purchases (buyers with four items or more can be tested) and train again."
    ),
    message(
        "On purchases that it had not seen, the recommender's AUC was {value} [{low}, {high}], and .500 is chance, so "
        "a gain in its score promises nothing. Import more purchases or better photos, and train again."
    ),
)
FILES = (
    message("{name}: this is text, not a picture; gigs reads {formats}"),
    message("{name}: this is a {kind} file; gigs reads {formats}"),
    message("{name}: not a picture in a known format; gigs reads {formats}"),
    message("JPEG, PNG, WebP and AVIF"),
    message("{name}: the file is empty"),
    message("{name}: the file is too large (at most 100 MB)"),
    message("{name}: cannot be decoded ({reason})"),
    message("{name}: {width} x {height} pixels is too small (each side needs at least {least}); give a larger photo"),
    message(
        "{name}: {width} x {height} pixels is too narrow for a product photo (at most {most}:1); cut it to the product"
    ),
    message(
        "{name}: {width} x {height} pixels is too large (at most {most} megapixels, or {jpeg} as JPEG, which is "
        "reduced); save it smaller, or as JPEG"
    ),
)
MASKS = (
    message(
        "{name}: {width} x {height} pixels, and the photo has {other} x {others}: a mask needs the photo's own size"
    ),
    message("{name}: {share} of it is grey, as of a photo and not of a mask; {advice}"),
    message("{name}: marks nothing; what is to be kept has to be white"),
    message("{name}: marks {share} of the photo, which is no product; {advice}"),
    message("{name}: marks {share} of the photo and leaves no backdrop; {advice}"),
    message("{name}: falls into {count} pieces, which is no product; {advice}"),
    message("the product has to be white and all else black"),
    message("what is to be kept has to be white and all else black"),
    message("with colour and shape kept, nothing is left to change; keep one of the two"),
)
COLOURWAYS = (
    message("colour '{colour}' is not known; write it as a hex value, such as #7a1f2b"),
    message("the product could not be cut out of the photo; give a mask that is white where the product is"),
    message(
        "none of the {tried} colours tried is liked better by {label} than today's; name colours to see them anyway"
    ),
)
# The words of the bundled pack: its audiences, the types of product, and the colours that gigs names.
AUDIENCES = (
    message("all buyers"), message("women's buyers"),
    message("menswear buyers (a quarter of what they buy or more)"),
    message("buyers of the young line Divided"), message("buyers aged 18 to 29"), message("buyers aged 30 to 44"),
    message("buyers aged 45 and over (and the few of no other age group)"),
    message("segment 1: dresses and sweaters"), message("segment 2: bikini tops and swimwear bottoms"),
    message("segment 3: trousers and leggings/tights, blue and dark blue, Divided"),
)  # fmt: skip
TYPES = (
    message("Ballerinas"), message("Blazer"), message("Blouse"), message("Bodysuit"), message("Boots"),
    message("Cardigan"), message("Coat"), message("Dress"), message("Flat shoe"), message("Garment Set"),
    message("Heeled sandals"), message("Hoodie"), message("Jacket"), message("Jumpsuit/Playsuit"),
    message("Leggings/Tights"), message("Polo shirt"), message("Sandals"), message("Shirt"), message("Shorts"),
    message("Skirt"), message("Sneakers"), message("Sweater"), message("T-shirt"), message("Top"),
    message("Trousers"), message("Vest top"), message("Unknown"),
)  # fmt: skip
COLOURS = (
    message("black"), message("white"), message("off-white"), message("dark grey"), message("grey"),
    message("light grey"), message("navy blue"), message("blue"), message("light blue"), message("dark turquoise"),
    message("turquoise"), message("light turquoise"), message("dark green"), message("khaki"), message("green"),
    message("light green"), message("cream"), message("beige"), message("dark beige"), message("brown"),
    message("mustard"), message("yellow"), message("light yellow"), message("rust"), message("orange"),
    message("apricot"), message("dark red"), message("red"), message("deep pink"), message("pink"),
    message("light pink"), message("purple"), message("lilac"), message("charcoal"), message("slate"),
    message("taupe"), message("stone"), message("sand"), message("camel"), message("tan"), message("chocolate"),
    message("copper"), message("terracotta"), message("brick"), message("burgundy"), message("cherry"),
    message("coral"), message("salmon"), message("peach"), message("blush"), message("raspberry"),
    message("fuchsia"), message("magenta"), message("orchid"), message("mauve"), message("plum"),
    message("aubergine"), message("violet"), message("lavender"), message("royal blue"), message("cobalt"),
    message("denim"), message("cornflower"), message("petrol"), message("teal"), message("aqua"), message("mint"),
    message("sage"), message("olive"), message("moss"), message("bottle green"), message("emerald"),
    message("navy"), message("ivory"), message("gray"), message("dark gray"), message("light gray"),
)  # fmt: skip
