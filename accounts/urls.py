"""Addresses of the customers."""

from django.urls import path

from accounts.views import (
    account,
    channel,
    conflict,
    duplicates,
    files,
    interaction,
    listing,
    merge,
    money,
    people,
    product,
    purchase,
    rates,
)

app_name = "accounts"
urlpatterns = [
    path("accounts/", listing.AccountListView.as_view(), name="list"),
    path("accounts/groups/", listing.AccountGroupsView.as_view(), name="groups"),
    path("accounts/register/", listing.RegisterView.as_view(), name="register"),
    path("accounts/filter/", listing.AccountFilterView.as_view(), name="filter"),
    path("accounts/pick/", listing.AccountPickView.as_view(), name="pick"),
    path("accounts/new/", account.AccountCreateView.as_view(), name="create"),
    path("accounts/duplicates/", duplicates.DuplicateListView.as_view(), name="duplicates"),
    path(
        "accounts/duplicates/dismissed/", duplicates.DismissedListView.as_view(), name="dismissed"
    ),
    path("accounts/duplicates/find/", duplicates.find, name="duplicates_find"),
    path("accounts/duplicates/progress/", duplicates.progress, name="duplicates_progress"),
    path("accounts/duplicates/<int:pk>/dismiss/", duplicates.dismiss, name="duplicate_dismiss"),
    path("accounts/duplicates/<int:pk>/reopen/", duplicates.reopen, name="duplicate_reopen"),
    path("accounts/merges/", merge.MergeListView.as_view(), name="merges"),
    path("accounts/merges/<int:pk>/", merge.MergeDetailView.as_view(), name="merge"),
    path("accounts/merges/<int:pk>/undo/", merge.undo, name="merge_undo"),
    path("accounts/<int:pk>/merge/", merge.MergePickView.as_view(), name="merge_pick"),
    path("accounts/<int:pk>/merge/<int:other>/", merge.MergeView.as_view(), name="merge_preview"),
    path("accounts/log-contact/", interaction.LogContactView.as_view(), name="log_contact"),
    path("accounts/<int:pk>/", account.OverviewView.as_view(), name="detail"),
    path("accounts/<int:pk>/profile/", account.ProfileView.as_view(), name="profile"),
    path("accounts/<int:pk>/people/", people.PeopleView.as_view(), name="people"),
    path("accounts/<int:pk>/figures/", money.FiguresView.as_view(), name="figures"),
    path("accounts/<int:pk>/lines/", money.LinesView.as_view(), name="lines"),
    path("accounts/<int:pk>/costs/", money.CostsView.as_view(), name="costs"),
    path("accounts/<int:pk>/purchases/", purchase.WalletView.as_view(), name="wallet"),
    path(
        "accounts/<int:account>/purchases/new/",
        purchase.AccountPurchaseCreateView.as_view(),
        name="purchase_create_for",
    ),
    path("accounts/<int:pk>/files/", files.FilesView.as_view(), name="files"),
    path("accounts/<int:pk>/history/", account.HistoryView.as_view(), name="history"),
    path("accounts/<int:pk>/edit/", account.AccountUpdateView.as_view(), name="edit"),
    path("accounts/<int:pk>/status/", account.StatusView.as_view(), name="status"),
    path("accounts/<int:pk>/team/", account.TeamView.as_view(), name="team"),
    path("accounts/<int:pk>/archive/", account.archive, name="archive"),
    path("accounts/<int:pk>/restore/", account.restore, name="restore"),
    path(
        "accounts/<int:account>/log-contact/",
        interaction.LogContactView.as_view(),
        name="log_contact_with",
    ),
    path(
        "accounts/<int:account>/contacts/new/",
        people.ContactCreateView.as_view(),
        name="contact_create",
    ),
    path("accounts/<int:account>/sites/new/", people.SiteCreateView.as_view(), name="site_create"),
    path("contacts/<int:pk>/", people.ContactView.as_view(), name="contact"),
    path("contacts/<int:pk>/edit/", people.ContactUpdateView.as_view(), name="contact_edit"),
    path("contacts/<int:pk>/archive/", people.archive_contact, name="contact_archive"),
    path("contacts/<int:pk>/restore/", people.restore_contact, name="contact_restore"),
    path(
        "contacts/<int:pk>/merge/<int:other>/",
        merge.ContactMergeView.as_view(),
        name="contact_merge",
    ),
    path("sites/<int:pk>/edit/", people.SiteUpdateView.as_view(), name="site_edit"),
    path("sites/<int:pk>/archive/", people.archive_site, name="site_archive"),
    path("sites/<int:pk>/restore/", people.restore_site, name="site_restore"),
    path("talks/<int:pk>/edit/", interaction.InteractionUpdateView.as_view(), name="talk_edit"),
    path("talks/<int:pk>/archive/", interaction.archive_interaction, name="talk_archive"),
    path("talks/<int:pk>/restore/", interaction.restore_interaction, name="talk_restore"),
    path("category-purchases/", purchase.PurchaseListView.as_view(), name="purchases"),
    path("category-purchases/new/", purchase.PurchaseCreateView.as_view(), name="purchase_create"),
    path(
        "category-purchases/<int:pk>/edit/",
        purchase.PurchaseUpdateView.as_view(),
        name="purchase_edit",
    ),
    path("category-purchases/<int:pk>/archive/", purchase.archive, name="purchase_archive"),
    path("category-purchases/<int:pk>/restore/", purchase.restore, name="purchase_restore"),
    path("settings/channels/", channel.ChannelListView.as_view(), name="channels"),
    path("settings/channels/new/", channel.ChannelCreateView.as_view(), name="channel_create"),
    path(
        "settings/channels/<int:pk>/edit/", channel.ChannelUpdateView.as_view(), name="channel_edit"
    ),
    path("settings/channels/<int:pk>/archive/", channel.archive, name="channel_archive"),
    path("settings/channels/<int:pk>/restore/", channel.restore, name="channel_restore"),
    path("settings/conflicts/", conflict.ConflictListView.as_view(), name="conflicts"),
    path("settings/conflicts/new/", conflict.ConflictCreateView.as_view(), name="conflict_create"),
    path(
        "settings/conflicts/<int:pk>/end/", conflict.ConflictEndView.as_view(), name="conflict_end"
    ),
    path(
        "settings/conflicts/<int:pk>/exceptions/new/",
        conflict.ExceptionCreateView.as_view(),
        name="exception_create",
    ),
    path(
        "settings/conflicts/exceptions/<int:exception>/end/",
        conflict.ExceptionEndView.as_view(),
        name="exception_end",
    ),
    path("settings/rates/", rates.RateListView.as_view(), name="rates"),
    path(
        "settings/programmes/<int:pk>/rates/new/",
        rates.RateCreateView.as_view(),
        name="rate_create",
    ),
    path("settings/rates/<int:pk>/archive/", rates.archive, name="rate_archive"),
    path("settings/rates/<int:pk>/restore/", rates.restore, name="rate_restore"),
    path("settings/products/", product.ProductListView.as_view(), name="products"),
    path("settings/products/new/", product.ProductCreateView.as_view(), name="product_create"),
    path(
        "settings/products/<int:pk>/edit/", product.ProductUpdateView.as_view(), name="product_edit"
    ),
    path("settings/product-lines/new/", product.LineCreateView.as_view(), name="line_create"),
    path(
        "settings/product-lines/<int:pk>/edit/", product.LineUpdateView.as_view(), name="line_edit"
    ),
    path("settings/products/<str:kind>/<int:pk>/archive/", product.archive, name="product_archive"),
    path("settings/products/<str:kind>/<int:pk>/restore/", product.restore, name="product_restore"),
]
