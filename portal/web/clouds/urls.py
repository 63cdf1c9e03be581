from django.urls import URLPattern

app_name = "clouds"
urlpatterns: list[URLPattern] = []
