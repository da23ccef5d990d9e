// Short plain words, for references that people read aloud: `amber-otter-harbor`.

export const WORDS: readonly string[] =
  `acorn agile amber anchor apple april arrow aspen atlas autumn badge bagel bamboo banjo basil beacon beetle berry birch
bison blossom border bottle branch breeze bridge bright brook bronze button cabin cactus camel candle canoe canyon carbon
castle cedar cello cherry circle citrus clever cliff cloud clover cobalt comet copper coral cosmos cotton crane crisp
crystal dahlia daisy dapper desert dolphin donkey dragon dune eager eagle early echo ember emerald fable falcon feather
fern fiddle finch flint forest fossil fresh galaxy garden garnet gentle ginger glacier golden granite grape gravel
harbor hazel heron hollow honey humble indigo island ivory jasmine jolly juniper kettle kiwi lagoon lantern larch lemon
lilac linen lively lotus lucky lunar magnet mango maple marble meadow mellow melon meteor mint misty mosaic nectar nimble
noble nutmeg oasis ocean olive opal orange orbit orchid otter oyster paddle panda paper parrot pearl pebble pepper piano
pigeon pilot pine planet plum polar pollen poppy prairie prism proud quartz quiet quill rabbit radish raven reef ribbon
river robin rocket royal rustic saddle saffron salmon sandal sapphire scarlet shadow silver simple solar sparrow spring
spruce stable steady stone summer sunny swift table tango tender thistle tiger timber tulip tundra turtle umber vanilla
velvet violet violin walnut willow winter wisdom yellow zebra zephyr`.split(/\s+/);
