"""What all tests share."""

from hypothesis import settings

# A property is a unit test too: few examples each time, within the second that a unit may take.
# Handrail bounds the time of the test; a deadline for each example would only measure the machine.
settings.register_profile("quick", max_examples=20, deadline=None)
# More of them, now and then: handrail run --timeout 1m -- --hypothesis-profile thorough
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile("quick")
